import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSchedule } from './schedule.ts';

function scheduleAt(firstWithinSeconds: number, random: number) {
  const time = { ms: 0 };
  return { time, schedule: createSchedule({ monotonicMs: () => time.ms }, firstWithinSeconds, () => random) };
}

test('devices that were switched on together ask for the first time spread over the span that is set', () => {
  const first = Array.from({ length: 100 }, (_, i) => scheduleAt(600, i / 100).schedule.dueInMs());
  expect(new Set(first).size).toBe(100);
  expect([Math.min(...first), Math.max(...first)]).toEqual([0, 594_000]);
});

test('after an answer a device comes when the server asked, to the second, and not before', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 604_800 }), fc.nat(1_000_000), (pollAfterSeconds, answeredAtMs) => {
      const { time, schedule } = scheduleAt(0, 0);
      time.ms = answeredAtMs;
      schedule.after(pollAfterSeconds);
      time.ms = answeredAtMs + pollAfterSeconds * 1000 - 1;
      expect([schedule.isDue(), schedule.dueInMs()]).toEqual([false, 1]);
      time.ms += 1;
      expect(schedule.isDue()).toBe(true);
    }),
  );
});
