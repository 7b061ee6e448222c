/**
 * The one way from unknown input to a trusted type. Requests are closed (an unknown field is a fault);
 * answers and signed metadata are open, so that an older reader goes on when a newer writer adds a field.
 */
import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';

/** An object of a request: unknown fields are refused. */
export function closed<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false });
}

/** What was wrong with an input, and where: `path` is a JSON pointer, '' for the whole value. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

/** Makes a parser of a schema. The parser never throws and never changes the value. */
export function parser<S extends TSchema>(schema: S): (value: unknown) => Parsed<Static<S>> {
  const compiled = Compile(schema);
  return value => {
    if (compiled.Check(value)) return { ok: true, value };
    return { ok: false, fault: deepestFault(compiled.Errors(value)) };
  };
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** The fault that names the field itself: the ones above it only repeat that something below is wrong. */
function deepestFault(errors: Iterable<SchemaError>): Fault {
  const faults = [...errors]
    .filter(e => e.keyword !== 'boolean')
    .map(e => ({ path: e.instancePath + namedProperty(e.params), message: e.message }))
    .toSorted((a, b) => b.path.split('/').length - a.path.split('/').length);
  return faults[0] ?? { path: '', message: 'does not fit the schema' };
}

/** An unknown or missing field is told with its parent's path; this is the rest. */
function namedProperty(params: object): string {
  const names = Object.entries(params).find(
    ([k]) => k === 'additionalProperties' || k === 'requiredProperties',
  )?.[1] as unknown;
  return Array.isArray(names) && typeof names[0] === 'string' ? `/${names[0]}` : '';
}

/** Parses text as JSON, then against the schema: the only place besides a body parser where JSON becomes a value. */
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
