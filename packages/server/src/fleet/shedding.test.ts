import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isShed, retryAfterSeconds } from './shedding.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const pressure = fc.double({ min: 0, max: 100, noNaN: true });

test('turns nobody away below half of the limit, and all who open a conversation from the limit on', () => {
  fc.assert(
    fc.property(random, r => {
      expect([isShed('opening', 0.5, r), isShed('opening', 1, r)]).toEqual([false, true]);
      expect([isShed('closing', 1, r), isShed('closing', 2, r)]).toEqual([false, true]);
    }),
  );
});

test('never turns away what ends an update where it would take what begins one', () => {
  fc.assert(
    fc.property(pressure, random, (p, r) => {
      if (isShed('closing', p, r)) expect(isShed('opening', p, r)).toBe(true);
    }),
  );
});

test('turns away a share that grows with the pressure', () => {
  const shares = [0.5, 0.6, 0.75, 0.9, 1].map(
    p => Array.from({ length: 1000 }, (_, i) => isShed('opening', p, i / 1000)).filter(Boolean).length,
  );
  expect(shares).toEqual([0, 200, 500, 800, 1000]);
});

test('asks those who were turned away to come back spread over an interval, and half a minute at least', () => {
  const draws = (interval: number) => [0, 0.5, 0.999].map(r => retryAfterSeconds('opening', interval, r));
  expect(draws(300)).toEqual([1, 151, 300]);
  expect(draws(2)).toEqual([1, 16, 30]);
  expect(retryAfterSeconds('closing', 3600, 0.999)).toBe(30);
});
