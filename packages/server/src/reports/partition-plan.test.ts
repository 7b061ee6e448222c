import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf, parseDay, planPartitions } from './partition-plan.ts';

const time = fc.date({
  min: new Date('2000-01-01T00:00:00Z'),
  max: new Date('2100-01-01T00:00:00Z'),
  noInvalidDate: true,
});
const DAY_MS = 86_400_000;

it('gives every moment one day that holds it, and knows the day again by its name', () => {
  fc.assert(
    fc.property(time, at => {
      const day = dayOf(at);
      expect(day.from.getTime()).toBeLessThanOrEqual(at.getTime());
      expect(day.to.getTime()).toBeGreaterThan(at.getTime());
      expect(parseDay(day.name)).toEqual(day);
    }),
  );
});

it('leaves no day from today to a week ahead without a table, and drops none that holds what is still kept', () => {
  fc.assert(
    fc.property(
      time,
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.integer({ min: -500, max: 10 })),
      (now, kept, made) => {
        const existing = made.map(d => dayOf(new Date(now.getTime() + d * DAY_MS)).name);
        const plan = planPartitions(existing, now, kept);
        const after = new Set([...existing, ...plan.make.map(d => d.name)]);
        for (let d = 0; d <= 7; d++) expect(after).toContain(dayOf(new Date(now.getTime() + d * DAY_MS)).name);
        const dropped = new Set(plan.drop.map(d => d.name));
        for (const name of existing) {
          expect(dropped.has(name)).toBe((parseDay(name)?.to.getTime() ?? 0) <= now.getTime() - kept * DAY_MS);
        }
      },
    ),
  );
});

it('drops no table that it did not make', () => {
  const others = ['reports_default', 'reports_2020', 'reports_20200231', 'reports_20200101_old', 'devices'];
  expect(planPartitions(others, new Date('2026-01-01T00:00:00Z'), 1).drop).toEqual([]);
});
