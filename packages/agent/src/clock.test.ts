import { afterEach, expect, test } from 'vitest';
import { systemClock } from './clock.ts';

const before = process.env['TZ'];
afterEach(() => {
  if (before === undefined) delete process.env['TZ'];
  else process.env['TZ'] = before;
});

test.each([
  ['UTC', '2026-11-29T23:59:00Z', 6, '23:59'],
  ['Europe/Berlin', '2026-11-29T23:30:00Z', 0, '00:30'],
  ['America/St_Johns', '2026-11-30T02:00:00Z', 6, '22:30'],
  ['Europe/Berlin', '2026-03-29T00:59:00Z', 6, '01:59'],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 6, '03:00'],
  ['Europe/Berlin', '2026-10-25T00:30:00Z', 6, '02:30'],
  ['Europe/Berlin', '2026-10-25T01:30:00Z', 6, '02:30'],
])('shows what the clock on the wall shows in %s at %s', (zone, instant, weekday, time) => {
  process.env['TZ'] = zone;
  const minute = Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
  expect(systemClock.local(Date.parse(instant))).toEqual({ weekday, minute });
});
