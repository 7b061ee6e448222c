/**
 * The schemas' words, as `typebox` has them and with its types, but as plain data and nothing else: a device carries these
 * few lines instead of a library. What is not here is not used; a test holds each word against typebox.
 * Marked as free of side effects, so that a bundle keeps only the schemas that it reads with.
 */
import type * as Typebox from 'typebox';

const KIND = '~kind';
const OPTIONAL = '~optional';

export const String: typeof Typebox.String = /* @__NO_SIDE_EFFECTS__ */ options =>
  made('String', { type: 'string' }, options);

export const Integer: typeof Typebox.Integer = /* @__NO_SIDE_EFFECTS__ */ options =>
  made('Integer', { type: 'integer' }, options);

export const Number: typeof Typebox.Number = /* @__NO_SIDE_EFFECTS__ */ options =>
  made('Number', { type: 'number' }, options);

export const Boolean: typeof Typebox.Boolean = /* @__NO_SIDE_EFFECTS__ */ options =>
  made('Boolean', { type: 'boolean' }, options);

export const Null: typeof Typebox.Null = /* @__NO_SIDE_EFFECTS__ */ options => made('Null', { type: 'null' }, options);

export const Undefined: typeof Typebox.Undefined = /* @__NO_SIDE_EFFECTS__ */ options =>
  made('Undefined', { type: 'undefined' }, options);

export const Unknown: typeof Typebox.Unknown = /* @__NO_SIDE_EFFECTS__ */ options => made('Unknown', {}, options);

export const Literal: typeof Typebox.Literal = /* @__NO_SIDE_EFFECTS__ */ (value, options) =>
  made('Literal', { type: typeof value, const: value }, options);

export const Enum: typeof Typebox.Enum = /* @__NO_SIDE_EFFECTS__ */ (values: unknown, options?: object) =>
  made('Enum', { enum: values }, options);

export const Union: typeof Typebox.Union = /* @__NO_SIDE_EFFECTS__ */ (anyOf, options) =>
  made('Union', { anyOf }, options);

export const Array: typeof Typebox.Array = /* @__NO_SIDE_EFFECTS__ */ (items, options) =>
  made('Array', { type: 'array', items }, options);

export const Tuple: typeof Typebox.Tuple = /* @__NO_SIDE_EFFECTS__ */ (items, options) =>
  made('Tuple', { type: 'array', additionalItems: false, items, minItems: items.length }, options);

export const Object: typeof Typebox.Object = /* @__NO_SIDE_EFFECTS__ */ (properties, options) => {
  const required = globalThis.Object.keys(properties).filter(key => !(OPTIONAL in (properties[key] ?? {})));
  return made('Object', { type: 'object', ...(required.length > 0 ? { required } : {}), properties }, options);
};

/** By its key's pattern; any text where it has none. */
export const Record: typeof Typebox.Record = /* @__NO_SIDE_EFFECTS__ */ (key, value, options) => {
  const { pattern = '^.*$' } = key as { readonly pattern?: string };
  return made('Record', { type: 'object', patternProperties: { [pattern]: value } }, options);
};

export const Optional: typeof Typebox.Optional = /* @__NO_SIDE_EFFECTS__ */ type => {
  const copy = globalThis.Object.defineProperties({}, globalThis.Object.getOwnPropertyDescriptors(type));
  return hidden(copy, OPTIONAL, true) as never;
};

/** The same object with every property optional; of its options, those that are given here. */
export const Partial: typeof Typebox.Partial = /* @__NO_SIDE_EFFECTS__ */ (type, options) => {
  const { properties } = type as unknown as Typebox.TObject;
  const all = globalThis.Object.entries(properties).map(([key, property]) => [key, Optional(property)]);
  return Object(globalThis.Object.fromEntries(all) as Typebox.TProperties, options) as never;
};

/** What typebox's own functions tell a schema's kind by is not part of the JSON that it is. */
function made(kind: string, keywords: object, options: object | undefined): never {
  return hidden({ ...keywords, ...options }, KIND, kind) as never;
}

function hidden(schema: object, key: string, value: unknown): object {
  return globalThis.Object.defineProperty(schema, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
