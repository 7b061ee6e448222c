/**
 * The one way from unknown input to a trusted type. Requests are closed (an unknown field is a fault);
 * answers and signed metadata are open, so that an older reader goes on when a newer writer adds a field.
 */
import type { Static, TObject, TProperties, TSchema } from 'typebox';
import { type Check, checkOf, type Fault } from './check.ts';
import * as Type from './type.ts';

export type { Fault } from './check.ts';

/** An object of a request: unknown fields are refused. */
/* @__NO_SIDE_EFFECTS__ */
export function closed<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false });
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Makes a parser of a schema, when it is first needed. The parser never throws on a value, and never changes it. */
/* @__NO_SIDE_EFFECTS__ */
export function parser<S extends TSchema>(schema: S): (value: unknown) => Parsed<Static<S>> {
  let check: Check | undefined;
  return value => {
    check ??= checkOf(schema);
    const fault = check(value);
    return fault ? { ok: false, fault } : { ok: true, value: value as Static<S> };
  };
}

/** Parses text as JSON, then against the schema: the only place besides a body parser where JSON becomes a value. */
/* @__NO_SIDE_EFFECTS__ */
export function jsonParser<S extends TSchema>(schema: S): (text: string) => Parsed<Static<S>> {
  const parse = parser(schema);
  return text => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return { ok: false, fault: { path: '', message: `is not JSON: ${(error as Error).message}` } };
    }
    return parse(value);
  };
}
