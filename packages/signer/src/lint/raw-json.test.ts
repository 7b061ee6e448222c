import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rawFaults } from './raw-json.ts';

describe('what JSON text hides', () => {
  test.each([
    ['{"a":1.5}', 'number-not-whole', '/a'],
    ['{"a":[1,1.0]}', 'number-not-whole', '/a/1'],
    ['{"a":1e3}', 'number-not-whole', '/a'],
    ['[-0]', 'number-not-whole', '/0'],
    ['{"a":9007199254740992}', 'number-too-large', '/a'],
    ['{"a":{"b":1,"b":2}}', 'name-twice', '/a/b'],
    [String.raw`{"b":1,"\u0062":2}`, 'name-twice', '/b'],
    ['{"10":1}', 'name-reordered', '/10'],
    ['{"__proto__":1}', 'name-reordered', '/__proto__'],
    [String.raw`{"a":"\ud800"}`, 'text-not-unicode', '/a'],
    [String.raw`{"\udc00":""}`, 'text-not-unicode', '/\udc00'],
    [`${'['.repeat(40)}${']'.repeat(40)}`, 'nested-too-deep', '/0'.repeat(32)],
    ['{"a/b~":0.1}', 'number-not-whole', '/a~1b~0'],
  ])('%s: %s', (text, code, at) => {
    expect(rawFaults(text)).toEqual([{ code, at }]);
  });

  test('text in strings is no structure', () => {
    expect(rawFaults(String.raw`{"a":"{\"b\":1.5,\\","c":["]",":",""],"d":{},"e":[],"f":null}`)).toEqual([]);
  });
});

const plainName = fc.stringMatching(/^[a-z]{1,5}$/);
const plain = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger().filter(n => !Object.is(n, -0)),
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(plainName, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test('of whole numbers, sound text and plain names nothing is said, however it is spaced', () => {
  fc.assert(
    fc.property(plain, fc.constantFrom(undefined, 2), (value, space) => {
      expect(rawFaults(JSON.stringify(value, undefined, space))).toEqual([]);
    }),
  );
});

test('a fraction is found wherever it stands', () => {
  fc.assert(
    fc.property(plain, plainName, (value, name) => {
      const faults = rawFaults(`{"before":${JSON.stringify(value)},"inner":[{"${name}":0.5}]}`);
      expect(faults).toEqual([{ code: 'number-not-whole', at: `/inner/0/${name}` }]);
    }),
  );
});
