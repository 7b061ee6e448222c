import fc from 'fast-check';
import { Type as Theirs, type TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';
import { checkOf } from './check.ts';
import * as protocol from './index.ts';
import * as Type from './type.ts';

/** Every schema that the protocol exports. */
const SCHEMAS = (Object.entries(protocol) as [string, unknown][]).filter(
  (entry): entry is [string, TSchema] => typeof entry[1] === 'object' && entry[1] !== null && '~kind' in entry[1],
);

const text = fc.string({ unit: fc.constantFrom('a', 'B', '1', '-', '/', '~', 'é', '😀'), maxLength: 8 });
const leaf = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant('a'.repeat(64)));

/** Values that are near to what a schema asks: its own fields, some of them wrong, some missing, some strange. */
function near(schema: unknown, depth = 0): fc.Arbitrary<unknown> {
  const words = schema as Record<string, never>;
  const wrong = { weight: 1, arbitrary: leaf as fc.Arbitrary<unknown> };
  if (depth > 4) return leaf;
  const right = ((): fc.Arbitrary<unknown> => {
    if ('const' in words) return fc.constant(words['const']);
    if (words['enum']) return fc.constantFrom(...(words['enum'] as unknown[]));
    if (words['anyOf']) return fc.oneof(...(words['anyOf'] as unknown[]).map(s => near(s, depth + 1)));
    if (words['pattern']) return fc.stringMatching(new RegExp(words['pattern'], 'u'));
    if (words['properties']) {
      const fields = Object.entries(words['properties'] as object).map(([k, s]) => [k, near(s, depth + 1)]);
      return fc.record({ ...Object.fromEntries(fields), ...(depth > 2 ? {} : { 'a/~b': leaf }) }, { requiredKeys: [] });
    }
    if (words['patternProperties']) {
      const [pattern, value] = Object.entries(words['patternProperties'])[0] ?? ['', {}];
      return fc.dictionary(fc.oneof(fc.stringMatching(new RegExp(pattern, 'u')), text), near(value, depth + 1), {
        maxKeys: 3,
      });
    }
    if (Array.isArray(words['items'])) return fc.tuple(...(words['items'] as unknown[]).map(s => near(s, depth + 1)));
    if (words['items']) return fc.array(near(words['items'], depth + 1), { maxLength: 4 });
    if (words['type'] === 'integer') return fc.integer({ min: words['minimum'] ?? -5, max: words['maximum'] ?? 1e6 });
    if (words['type'] === 'string') return fc.string({ maxLength: (words['maxLength'] as number | undefined) ?? 20 });
    return leaf;
  })();
  return fc.oneof({ weight: 9, arbitrary: right }, wrong);
}

test.each(SCHEMAS)('%s takes and refuses what typebox takes and refuses', (_, schema) => {
  const theirs = Compile(schema);
  const check = checkOf(schema);
  fc.assert(
    fc.property(near(schema), value => {
      expect(check(value) === undefined).toBe(theirs.Check(value));
    }),
    { numRuns: 60 },
  );
});

test('the protocol’s schemas are among those that are compared', () => {
  expect(SCHEMAS.length).toBeGreaterThan(60);
});

test.each([
  ['a wrong type', Type.Integer(), 'x', '', 'must be integer'],
  ['a number that is none', Type.Number(), Number.NaN, '', 'must be number'],
  [
    'a field of a list',
    Type.Array(Type.Object({ a: Type.String() })),
    [{ a: 'x' }, { a: 1 }],
    '/1/a',
    'must be string',
  ],
  ['a missing field', Type.Object({ a: Type.Null(), b: Type.Null() }), {}, '/a', 'must have required properties a, b'],
  ['a field named after a method', protocol.closed({}), { toString: 1 }, '/toString', 'must not have additional'],
  ['a field of a prototype', Type.Object({ constructor: Type.Unknown() }), {}, '/constructor', 'must have required'],
  ['the way to a strange name', Type.Record(Type.String(), Type.Null()), { 'a/b~': 1 }, '/a~1b~0', 'must be null'],
  [
    'the deepest fault of a choice',
    Type.Union([Type.Null(), Type.Object({ a: Type.Null() })]),
    { a: 1 },
    '/a',
    'be null',
  ],
  ['a tuple that is too long', Type.Tuple([Type.Null()]), [null, null], '', 'must not have more than 1 items'],
  [
    'one thing twice',
    Type.Array(Type.String(), { uniqueItems: true }),
    ['a', 'a'],
    '',
    'must not have duplicate items',
  ],
  ['too few characters', Type.String({ minLength: 2 }), '😀', '', 'must not have fewer than 2 characters'],
] as const)('tells of %s', (_, schema, value, path, message) => {
  expect(checkOf(schema)(value)).toEqual({ path, message: expect.stringContaining(message) as string });
});

test('counts characters, not code units, and no endless accents as one', () => {
  const check = checkOf(Type.String({ maxLength: 3 }));
  expect(check('😀😀😀')).toBeUndefined();
  expect(check(`e${'\u0301'.repeat(9)}`)).toBeDefined();
});

test.each([
  Theirs.String({ format: 'email' }),
  Theirs.Intersect([Theirs.Object({}), Theirs.Object({})]),
  Theirs.Object({}, { additionalProperties: Theirs.String() }),
  Theirs.Object({ a: Theirs.Number({ multipleOf: 2 }) }),
])('will not pass over a rule that it does not know', schema => {
  expect(() => checkOf(schema)).toThrow('not checked');
});
