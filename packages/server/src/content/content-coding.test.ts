import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { chooseCoding } from './content-coding.ts';

it.each([
  [undefined, undefined],
  ['', undefined],
  ['identity', undefined],
  ['deflate', undefined],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP', 'gzip'],
  ['br;q=0.5, gzip', 'gzip'],
  ['br;q=0, gzip;q=0.1', 'gzip'],
  ['*', 'br'],
  ['br;q=0, *', 'gzip'],
  ['*;q=0', undefined],
  ['gzip;q=0', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['identity;q=0', undefined],
  ['gzip;q=high', undefined],
])('of %s chooses %s', (header, coding) => {
  expect(chooseCoding(header)).toBe(coding);
});

test('never sends what was not asked for, whatever the header says', () => {
  const token = fc.constantFrom('br', 'gzip', 'identity', 'deflate', 'x');
  const part = fc.tuple(token, fc.constantFrom('', ';q=0', ';q=0.000', ';q=0.5', ' ; q=1', ';q=2', ';q'));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(part).map(p => p.map(([t, q]) => t + q).join(', ')),
        fc.string(),
      ),
      header => {
        const coding = chooseCoding(header);
        return coding === undefined || header.toLowerCase().includes(coding) || header.includes('*');
      },
    ),
  );
});
