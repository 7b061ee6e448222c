/**
 * Checks a value against a schema of the words in `type.ts`, without making code of it. It throws at once on a keyword
 * that it does not know, so that no rule of a schema is ever passed over. A fault is the deepest one: those above it only
 * repeat that something below is wrong.
 */
import type { TSchema } from 'typebox';

/** What was wrong with an input, and where: `path` is a JSON pointer, '' for the whole value. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

/** @returns what is wrong with the value, at a path from there: nothing is written for what is right */
export type Check = (value: unknown) => Fault | undefined;

/** What a keyword asks, from its argument and the schema that it stands in. */
type Keyword = (argument: never, schema: Schema) => Check;
type Schema = Readonly<Record<string, unknown>>;
type JsonObject = Readonly<Record<string, unknown>>;

/** They say something to people and to documents, and ask nothing. */
const REMARKS = new Set(['title', 'description', 'default', 'examples', '$id']);

/** In the order of asking. Each asks only values of its own type (JSON Schema 2020-12, validation 6). */
const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: (name: string) => rule(value => isOfType(value, name), `must be ${name}`),

  required: (names: readonly string[]) => value => {
    if (!isObject(value) || names.every(name => Object.hasOwn(value, name))) return undefined;
    const missing = names.filter(name => !Object.hasOwn(value, name));
    return { path: step(missing[0] ?? ''), message: `must have required properties ${missing.join(', ')}` };
  },
  additionalProperties: (_: false, schema) => {
    const known = schema['properties'] ?? {};
    const patterns = Object.keys(schema['patternProperties'] ?? {}).map(pattern => new RegExp(pattern, 'u'));
    return value => {
      const unknown =
        isObject(value) &&
        Object.keys(value).find(key => !Object.hasOwn(known, key) && !patterns.some(p => p.test(key)));
      return typeof unknown === 'string'
        ? { path: step(unknown), message: 'must not have additional properties' }
        : undefined;
    };
  },
  patternProperties: (schemas: Readonly<Record<string, TSchema>>) => {
    const checks = Object.entries(schemas).map(([p, schema]) => [new RegExp(p, 'u'), checkOf(schema)] as const);
    return value => {
      let fault: Fault | undefined;
      for (const [key, field] of isObject(value) ? Object.entries(value) : [])
        for (const [pattern, check] of checks) if (pattern.test(key)) fault = deeper(fault, below(key, check(field)));
      return fault;
    };
  },
  properties: (schemas: Readonly<Record<string, TSchema>>, { required = [] }) => {
    const checks = Object.entries(schemas).map(([key, schema]) => [key, checkOf(schema)] as const);
    return value => {
      if (!isObject(value)) return undefined;
      let fault: Fault | undefined;
      for (const [key, check] of checks) {
        const isThere =
          Object.hasOwn(value, key) && (value[key] !== undefined || (required as readonly string[]).includes(key));
        if (isThere) fault = deeper(fault, below(key, check(value[key])));
      }
      return fault;
    };
  },
  minProperties: (limit: number) =>
    rule(v => !isObject(v) || Object.keys(v).length >= limit, `must not have fewer than ${limit} properties`),
  maxProperties: (limit: number) =>
    rule(v => !isObject(v) || Object.keys(v).length <= limit, `must not have more than ${limit} properties`),

  items: (items: TSchema | readonly TSchema[]) => {
    const each = Array.isArray(items) ? items.map(checkOf) : checkOf(items);
    return value => {
      if (!Array.isArray(value)) return undefined;
      let fault: Fault | undefined;
      for (let i = 0; i < value.length; i++) {
        const check = typeof each === 'function' ? each : each[i];
        const found = check?.(value[i]);
        if (found) fault = deeper(fault, below(String(i), found));
      }
      return fault;
    };
  },
  additionalItems: (_: false, { items }) =>
    KEYWORDS['maxItems']?.((items as readonly TSchema[]).length as never, {}) as Check,
  minItems: (limit: number) =>
    rule(v => !Array.isArray(v) || v.length >= limit, `must not have fewer than ${limit} items`),
  maxItems: (limit: number) =>
    rule(v => !Array.isArray(v) || v.length <= limit, `must not have more than ${limit} items`),
  uniqueItems: (wanted: boolean) =>
    rule(
      v => !wanted || !Array.isArray(v) || new Set(v.map(item => JSON.stringify(item))).size === v.length,
      'must not have duplicate items',
    ),

  minLength: (limit: number) =>
    rule(v => typeof v !== 'string' || !isShort(v, limit - 1), `must not have fewer than ${limit} characters`),
  maxLength: (limit: number) =>
    rule(v => typeof v !== 'string' || isShort(v, limit), `must not have more than ${limit} characters`),
  pattern: (pattern: string) => {
    const regexp = new RegExp(pattern, 'u');
    return rule(v => typeof v !== 'string' || regexp.test(v), `must match pattern "${pattern}"`);
  },

  minimum: (limit: number) => rule(v => typeof v !== 'number' || v >= limit, `must be >= ${limit}`),
  maximum: (limit: number) => rule(v => typeof v !== 'number' || v <= limit, `must be <= ${limit}`),

  const: (constant: unknown) => rule(v => v === constant, 'must be equal to constant'),
  enum: (values: readonly unknown[]) => rule(v => values.includes(v), 'must be equal to one of the allowed values'),
  anyOf: (schemas: readonly TSchema[]) => {
    const checks = schemas.map(checkOf);
    return value => {
      let fault: Fault | undefined;
      for (const check of checks) {
        const found = check(value);
        if (!found) return undefined;
        fault = deeper(fault, found);
      }
      return fault;
    };
  },
};

/** @throws Error on a keyword, or an argument of one, that it does not know */
export function checkOf(schema: TSchema): Check {
  const words = schema as unknown as Schema;
  for (const word of Object.keys(words)) {
    const isKnown = Object.hasOwn(KEYWORDS, word) || REMARKS.has(word);
    const isOpen = word.startsWith('additional') && words[word] !== false;
    if (!isKnown || isOpen)
      throw new Error(`a schema says ${word}: ${JSON.stringify(words[word])}, which is not checked`);
  }
  const checks = Object.entries(KEYWORDS).flatMap(([word, keyword]) =>
    Object.hasOwn(words, word) ? [keyword(words[word] as never, words)] : [],
  );
  const [only] = checks;
  if (only && checks.length === 1) return only;
  return value => {
    let fault: Fault | undefined;
    for (const check of checks) fault = deeper(fault, check(value));
    return fault;
  };
}

function rule(holds: (value: unknown) => boolean, message: string): Check {
  const fault = { path: '', message };
  return value => (holds(value) ? undefined : fault);
}

/** The first of the deepest. */
function deeper(a: Fault | undefined, b: Fault | undefined): Fault | undefined {
  if (!a || !b) return a ?? b;
  return depth(b) > depth(a) ? b : a;
}

function depth({ path }: Fault): number {
  return path.split('/').length;
}

function below(key: string, fault: Fault | undefined): Fault | undefined {
  return fault && { path: step(key) + fault.path, message: fault.message };
}

/** Of a JSON pointer. */
function step(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, name: string): boolean {
  switch (name) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === name;
  }
}

/** In characters of Unicode, not in code units; counted only where the units do not say it already. */
function isShort(text: string, limit: number): boolean {
  return text.length <= limit || (text.length <= 2 * limit && [...text].length <= limit);
}
