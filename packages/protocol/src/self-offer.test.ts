import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from './limits.ts';
import { scheduledShare, type SelfOffered, selfOfferAtMs } from './self-offer.ts';

const releasedAt = '2026-11-01T00:00:00Z';
const at = (hours: number) => Date.parse(releasedAt) + hours * 3600_000;
const release: SelfOffered = {
  class: 'security',
  releasedAt,
  schedule: [
    { afterHours: 0, basisPoints: 100 },
    { afterHours: 24, basisPoints: 10_000 },
  ],
};

test('a schedule opens at its hours and not before', () => {
  expect([-1, 0, 23.99, 24, 9999].map(hours => scheduledShare(release, at(hours)))).toEqual([
    0, 100, 100, 10_000, 10_000,
  ]);
  expect(scheduledShare({ class: 'security', releasedAt }, at(9999))).toBe(0);
});

test('what a schedule opened is never closed by time, whatever its order', () => {
  const step = fc.record({
    afterHours: fc.nat(LIMITS.scheduleHours),
    basisPoints: fc.integer({ min: 1, max: LIMITS.shareMax }),
  });
  fc.assert(
    fc.property(fc.array(step), fc.nat(9000), fc.nat(9000), (schedule, a, b) => {
      const [early, late] = [Math.min(a, b), Math.max(a, b)];
      const share = (hours: number) => scheduledShare({ ...release, schedule }, at(hours));
      expect(share(early)).toBeLessThanOrEqual(share(late));
    }),
  );
});

test('only a security release is ever offered past a server', () => {
  expect(selfOfferAtMs({ ...release, selfOfferAfterDays: 2 })).toBe(at(48));
  expect(selfOfferAtMs(release)).toBeUndefined();
  expect(selfOfferAtMs({ ...release, class: 'feature', selfOfferAfterDays: 2 })).toBeUndefined();
});
