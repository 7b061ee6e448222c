import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ago, instant, localTime, span, spanWords } from './when.ts';

const now = new Date('2026-11-24T12:00:00Z');

test('reads spans back from now and forward', () => {
  expect(instant('7d', now, 'past')).toBe('2026-11-17T12:00:00Z');
  expect(instant('90s', now, 'future')).toBe('2026-11-24T12:01:30Z');
});

test('reads a time with its zone as it is, one without in the local zone', () => {
  expect(instant('2026-11-24T10:00:00+02:00', now, 'past')).toBe('2026-11-24T08:00:00Z');
  expect(instant('2026-11-24 10:00', now, 'past')).toBe(`${new Date(2026, 10, 24, 10, 0).toISOString().slice(0, 19)}Z`);
  expect(localTime(instant('2026-03-01', now, 'past'))).toBe('2026-03-01 00:00:00');
});

test.each(['', 'yesterday', '2026-13-01', '2026-11-24T25:00', '7w', '1', '2026-11-24; rm'])(
  'refuses %j as a time',
  text => {
    expect(() => instant(text, now, 'past')).toThrow();
  },
);

test('reads every span that it writes in one unit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 1000 }), fc.constantFrom('d', 'h'), (n, unit) => {
      const told = spanWords(span(`${n}${unit}`));
      expect(told).toMatch(/^\d+ (d|h)$/);
    }),
  );
  expect([spanWords(90), spanWords(86_400), spanWords(0), spanWords(1800)]).toEqual(['90 s', '24 h', '0 s', '30 min']);
});

test('says how long ago something was, and of a clock ahead of ours that it is now', () => {
  expect(ago('2026-11-24T11:57:00Z', now)).toBe('3 min ago');
  expect(ago('2026-11-24T12:00:09Z', now)).toBe('0 s ago');
  expect(ago(null, now)).toBe('never');
});
