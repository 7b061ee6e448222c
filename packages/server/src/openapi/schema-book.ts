/**
 * Schemas that have a name and an example in the OpenAPI documents. They are known by identity: a route goes on using
 * the schema object itself, and its validators and serializers are the same with or without a document.
 */
import type { Static, TSchema } from 'typebox';

export interface NamedSchema {
  readonly name: string;
  readonly schema: TSchema;
  readonly example: unknown;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface SchemaBook {
  /** The schema as plain JSON Schema, where all that has a name is a reference. */
  refer(schema: object): JsonSchema;
  /** Undefined where neither the schema nor the item of its page has a name. */
  example(schema: object): unknown;
  /** Of what `refer` made of a schema with a name. */
  exampleAt(reference: JsonSchema): unknown;
  /** What has been referred to so far, by name. */
  components(): Record<string, JsonSchema>;
}

const PLACE = '#/components/schemas/';

export function named<S extends TSchema>(name: string, schema: S, example: Static<S>): NamedSchema {
  return { name, schema, example };
}

export function schemaBook(all: readonly NamedSchema[]): SchemaBook {
  const byIdentity = new Map<unknown, NamedSchema>(all.map(one => [one.schema, one]));
  const used = new Map<string, JsonSchema>();

  function refer(schema: object): JsonSchema {
    const known = byIdentity.get(schema);
    if (!known) return plain(schema);
    if (!used.has(known.name)) {
      used.set(known.name, {}); // it may refer to itself
      used.set(known.name, plain(schema));
    }
    return { $ref: PLACE + known.name };
  }

  function plain(schema: object): JsonSchema {
    const entries = Object.entries(schema).map(([key, value]) => [key, within(value)]);
    return namesOfKeys(Object.fromEntries(entries) as JsonSchema);
  }

  function within(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(within);
    return typeof value === 'object' && value !== null ? refer(value) : value;
  }

  function example(schema: object): unknown {
    const item = itemOfPage(schema);
    const known = byIdentity.get(schema);
    if (known || !item) return known?.example;
    const one = example(item);
    return one === undefined ? undefined : { items: [one], next: null };
  }

  const byReference = new Map(all.map(one => [PLACE + one.name, one.example]));
  const exampleAt = ({ $ref }: JsonSchema) => byReference.get(String($ref));
  return { refer, example, exampleAt, components: () => Object.fromEntries(used) };
}

/** A record's pattern for keys as `propertyNames`: OpenAPI tools know no `patternProperties`. */
function namesOfKeys({ patternProperties, ...rest }: JsonSchema): JsonSchema {
  const [record] = Object.entries((patternProperties ?? {}) as JsonSchema);
  return record ? { ...rest, propertyNames: { pattern: record[0] }, additionalProperties: record[1] } : rest;
}

interface Page {
  readonly properties?: { readonly items?: { readonly items?: object }; readonly next?: object };
}

function itemOfPage(schema: object): object | undefined {
  const { properties } = schema as Page;
  return properties?.next && properties.items?.items;
}
