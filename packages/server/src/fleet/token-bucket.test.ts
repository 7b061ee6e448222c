import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, draw } from './token-bucket.ts';

test('never gives more than the burst and the rate in any stretch of time, whatever the clock does', () => {
  const steps = fc.array(fc.integer({ min: -1000, max: 3000 }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (gaps, perSecond, burst) => {
      let bucket: Bucket | undefined;
      let [now, taken, forwardMs] = [0, 0, 0];
      for (const gap of gaps) {
        now += gap;
        forwardMs += Math.max(0, gap);
        const drawn = draw(bucket, { perSecond, burst }, now);
        bucket = drawn.bucket;
        taken += Number(drawn.isTaken);
        expect(drawn.waitSeconds).toBeGreaterThanOrEqual(0);
      }
      expect(taken).toBeLessThanOrEqual(burst + (forwardMs / 1000) * perSecond + 1e-6);
    }),
  );
});

test('tells how long it takes until there is one again, and then there is', () => {
  const rate = { perSecond: 0.5, burst: 1 };
  const first = draw(undefined, rate, 0);
  const second = draw(first.bucket, rate, 500);
  expect([first.isTaken, second.isTaken, second.waitSeconds]).toEqual([true, false, 1.5]);
  expect(draw(second.bucket, rate, 2000).isTaken).toBe(true);
});
