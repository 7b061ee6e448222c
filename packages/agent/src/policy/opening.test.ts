import { isOpen, type LocalTime, parseWindowRule, WEEKDAYS, type Window } from '@tidegate/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextOpening } from './opening.ts';

const rule = (text: string): Window[number] => {
  const parsed = parseWindowRule(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
};
const at = (instant: string) => Date.parse(instant);

/** A clock on the wall that goes by so many minutes from UTC, and by others from an instant on. */
function wall(minutes: number, later?: { readonly from: number; readonly minutes: number }) {
  return (ms: number): LocalTime => {
    const offset = later && ms >= later.from ? later.minutes : minutes;
    const t = new Date(ms + offset * 60_000);
    return { weekday: (t.getUTCDay() + 6) % 7, minute: t.getUTCHours() * 60 + t.getUTCMinutes() };
  };
}
const SPRING = at('2026-03-29T01:00:00Z');
const AUTUMN = at('2026-10-25T01:00:00Z');
const berlinInSpring = wall(60, { from: SPRING, minutes: 120 });
const berlinInAutumn = wall(120, { from: AUTUMN, minutes: 60 });
const next = (windows: Window[], now: string, local: (ms: number) => LocalTime) => {
  const ms = nextOpening(windows, at(now), local);
  return Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 16) : 'never';
};

describe('the next opening', () => {
  test('is now where the window is open, to the second', () => {
    expect(nextOpening([[rule('02:00-05:00')]], at('2026-11-24T02:00:30Z'), wall(0))).toBe(at('2026-11-24T02:00:30Z'));
    expect(nextOpening([], 7, wall(0))).toBe(7);
  });

  test('is told in the device’s own time, whatever its zone', () => {
    const nights = [[rule('mon-fri 02:00-05:00')]];
    expect(next(nights, '2026-11-24T12:00:00Z', wall(0))).toBe('2026-11-25T02:00');
    expect(next(nights, '2026-11-24T12:00:00Z', wall(60))).toBe('2026-11-25T01:00');
    expect(next(nights, '2026-11-24T12:00:00Z', wall(-210))).toBe('2026-11-25T05:30');
    expect(next(nights, '2026-11-28T12:00:00Z', wall(345))).toBe('2026-11-29T20:15');
  });

  test('is where the windows of maker and owner meet', () => {
    expect(next([[rule('02:00-05:00')], [rule('sat,sun 04:00-08:00')]], '2026-11-24T12:00:00Z', wall(0))).toBe(
      '2026-11-28T04:00',
    );
  });

  test('is never where they do not', () => {
    expect(next([[rule('02:00-05:00')], [rule('05:00-08:00')]], '2026-11-24T12:00:00Z', wall(0))).toBe('never');
    expect(next([[rule('mon 22:00-06:00')], [rule('mon 00:00-06:00')]], '2026-11-24T12:00:00Z', wall(0))).toBe('never');
  });

  test('waits for the next matching day where the clock skips the hour', () => {
    expect(next([[rule('02:00-03:00')]], '2026-03-28T12:00:00Z', berlinInSpring)).toBe('2026-03-30T00:00');
    expect(next([[rule('sun 02:00-03:00')]], '2026-03-28T12:00:00Z', berlinInSpring)).toBe('2026-04-05T00:00');
    expect(next([[rule('sun 02:00-03:30')]], '2026-03-28T12:00:00Z', berlinInSpring)).toBe('2026-03-29T01:00');
  });

  test('comes twice where the clock repeats the hour', () => {
    const hour = [[rule('sun 02:00-02:30')]];
    expect(next(hour, '2026-10-24T12:00:00Z', berlinInAutumn)).toBe('2026-10-25T00:00');
    expect(next(hour, '2026-10-25T00:30:00Z', berlinInAutumn)).toBe('2026-10-25T01:00');
    expect(next(hour, '2026-10-25T01:30:00Z', berlinInAutumn)).toBe('2026-11-01T01:00');
  });
});

test('it is open at the opening, and closed in every minute before, wherever the clock is changed', () => {
  const times = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
  const rules = fc.record({ days: fc.subarray([...WEEKDAYS], { minLength: 1 }), from: times, to: times });
  const windows = fc.array(fc.array(rules, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 2 });
  const change = fc.record({
    minutes: fc.constantFrom(-720, -210, 0, 60, 345, 840),
    by: fc.constantFrom(-120, -60, -30, 30, 60, 120),
    afterMinutes: fc.integer({ min: 0, max: 15 * 1440 }),
  });
  const midday = at('2026-03-28T12:00:00Z');
  const now = midday + 17_000;
  fc.assert(
    fc.property(windows, change, (all, { minutes, by, afterMinutes }) => {
      const local = wall(minutes, { from: midday + afterMinutes * 60_000, minutes: minutes + by });
      const allows = (ms: number) => all.every(window => isOpen(window, local(ms)));
      const opening = nextOpening(all, now, local);
      if (Number.isFinite(opening)) expect(allows(opening)).toBe(true);
      const until = Math.min(opening, now + 14 * 86_400_000);
      for (let ms = now; ms < until; ms += 7 * 60_000) expect(allows(ms)).toBe(false);
      if (opening > now && Number.isFinite(opening)) expect(allows(opening - 1)).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test('the owner is told of it at once, however long it takes to come', () => {
  const apart: Window[] = [[rule('mon 02:00-05:00')], [rule('tue 02:00-05:00')]];
  const begun = performance.now();
  nextOpening(apart, at('2026-11-24T12:00:00Z'), wall(0));
  expect(performance.now() - begun).toBeLessThan(1000);
});
