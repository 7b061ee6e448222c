import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hex32List, share, shares, shareWords, wholeNumber } from './command.ts';

test('reads each share that it writes, to the basis point', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), basisPoints => {
      expect(share(shareWords(basisPoints))).toBe(basisPoints);
    }),
  );
  expect(shares('10%, 50%,100%')).toEqual([1000, 5000, 10_000]);
});

test.each(['', '10', '101%', '100.01%', '1.234%', '-1%', '1e2%', '%', '10%,', 'ten%'])('refuses %j as shares', text => {
  expect(() => shares(text)).toThrow();
});

test('refuses numbers beyond their bounds and whatever is none', () => {
  const parse = wholeNumber(1, 10);
  expect(parse('10')).toBe(10);
  for (const text of ['0', '11', '1.5', '', '0x1', '1e1', '99999999999999999999']) expect(() => parse(text)).toThrow();
});

test('takes ids alone, so that no path is made of anything else', () => {
  const id = '0123456789abcdef0123456789abcdef';
  expect(hex32List(`${id}, ${id}`)).toEqual([id, id]);
  for (const text of ['..', `${id}/..`, id.toUpperCase(), `${id},`]) expect(() => hex32List(text)).toThrow();
});
