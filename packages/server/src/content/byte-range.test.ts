import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseByteRange } from './byte-range.ts';

test('serves the range that was asked for, cut at the end', () => {
  expect(parseByteRange('bytes=0-0', 10)).toEqual({ kind: 'part', start: 0, end: 0 });
  expect(parseByteRange('bytes=4-', 10)).toEqual({ kind: 'part', start: 4, end: 9 });
  expect(parseByteRange('bytes=4-99', 10)).toEqual({ kind: 'part', start: 4, end: 9 });
  expect(parseByteRange('bytes=-3', 10)).toEqual({ kind: 'part', start: 7, end: 9 });
});

test('says so where the range lies beyond the end', () => {
  expect(parseByteRange('bytes=10-', 10).kind).toBe('unsatisfiable');
  expect(parseByteRange('bytes=-0', 10).kind).toBe('unsatisfiable');
  expect(parseByteRange('bytes=0-', 0).kind).toBe('unsatisfiable');
});

test('serves the whole where the header is none that it knows', () => {
  for (const header of [undefined, '', 'bytes=-', 'bytes=5-4', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=1e3-']) {
    expect(parseByteRange(header, 10).kind).toBe('whole');
  }
});

test('never reaches outside the bytes that are there, whatever is asked', () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(
    fc.property(header, fc.nat(1000), (text, length) => {
      const range = parseByteRange(text, length);
      if (range.kind !== 'part') return true;
      return range.start >= 0 && range.start <= range.end && range.end < length;
    }),
  );
});
