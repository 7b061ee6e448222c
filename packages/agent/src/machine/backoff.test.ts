import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const settings = { baseSeconds: 2, maxSeconds: 3600 };
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('never waits less than nothing or longer than the cap, however often it failed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), random, (failures, r) => {
      const ms = backoffMs(settings, failures, r);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThanOrEqual(3_600_000);
    }),
  );
});

test('the window doubles with each failure until the cap', () => {
  expect([1, 2, 3, 40].map(n => backoffMs(settings, n, 0.5))).toEqual([2000, 4000, 8000, 1_800_000]);
});

test('spreads over the whole window: half of the draws fall into its lower half', () => {
  const draws = Array.from({ length: 1000 }, (_, i) => backoffMs(settings, 5, i / 1000));
  expect(draws.filter(ms => ms < 32_000)).toHaveLength(500);
});

test('comes no sooner than the server asked, and not at the same moment as the others', () => {
  expect(backoffMs(settings, 1, 0, 120)).toBe(120_000);
  expect(backoffMs(settings, 1, 0.5, 120)).toBe(121_000);
});

test('does not gather at its own cap those whom the server has spread beyond it', () => {
  expect([4000, 20_000].map(seconds => backoffMs(settings, 1, 0, seconds))).toEqual([4_000_000, 20_000_000]);
});
