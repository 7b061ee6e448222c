import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trustedNow } from './trusted-time.ts';

const FLOOR = Date.parse('2031-05-01T00:00:00Z');
const YEAR = 366 * 86_400_000;

test('a clock that is ahead of the floor is believed, one at 1970 or decades ahead is not', () => {
  expect(trustedNow({ floorMs: FLOOR, sinceFloorMs: 0, clockMs: FLOOR + YEAR })).toBe(FLOOR + YEAR);
  expect(trustedNow({ floorMs: FLOOR, sinceFloorMs: 0, clockMs: 0 })).toBe(FLOOR);
  expect(trustedNow({ floorMs: FLOOR, sinceFloorMs: 0, clockMs: FLOOR + 30 * YEAR })).toBe(FLOOR);
  expect(trustedNow({ floorMs: FLOOR, sinceFloorMs: 0, clockMs: Number.NaN })).toBe(FLOOR);
});

test('time is never before the floor and what has passed since', () => {
  fc.assert(
    fc.property(fc.nat(1e9), fc.double(), (sinceFloorMs, clockMs) => {
      expect(trustedNow({ floorMs: FLOOR, sinceFloorMs, clockMs })).toBeGreaterThanOrEqual(FLOOR + sinceFloorMs);
    }),
  );
});
