import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parser } from './schema.ts';
import {
  isOpen,
  longestClosedSeconds,
  parseWindowRule,
  WEEKDAYS,
  Window,
  windowFault,
  type WindowRule,
  windowRuleText,
} from './window.ts';

const at = (day: (typeof WEEKDAYS)[number], time: string) => ({
  weekday: WEEKDAYS.indexOf(day),
  minute: Number(time.slice(0, 2)) * 60 + Number(time.slice(3)),
});
const two = (n: number) => String(n).padStart(2, '0');
const time = fc.integer({ min: 0, max: 1439 }).map(m => `${two(Math.floor(m / 60))}:${two(m % 60)}`);
const rules: fc.Arbitrary<WindowRule> = fc.record({
  days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
  from: time,
  to: fc.oneof(time, fc.constant('24:00')),
});
const moment = fc.record({ weekday: fc.integer({ min: 0, max: 6 }), minute: fc.integer({ min: 0, max: 1439 }) });

const night: WindowRule = { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '22:00', to: '06:00' };

test('a window is open from its first minute to before its last', () => {
  const window: Window = [{ days: ['tue'], from: '02:00', to: '05:00' }];
  expect(['01:59', '02:00', '04:59', '05:00'].map(t => isOpen(window, at('tue', t)))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(isOpen(window, at('wed', '03:00'))).toBe(false);
});

test('one across midnight belongs to the day on which it starts', () => {
  expect(isOpen([night], at('sat', '03:00'))).toBe(true);
  expect(isOpen([night], at('sat', '22:00'))).toBe(false);
  expect(isOpen([night], at('mon', '03:00'))).toBe(false);
  expect(isOpen([{ days: ['sun'], from: '23:00', to: '01:00' }], at('mon', '00:59'))).toBe(true);
});

test('the whole day may be open', () => {
  const window: Window = [{ days: [...WEEKDAYS], from: '00:00', to: '24:00' }];
  fc.assert(fc.property(moment, now => isOpen(window, now)));
  expect(windowFault(window)).toBeUndefined();
  expect(longestClosedSeconds(window)).toBe(0);
});

test('several rules are open whenever one of them is', () => {
  fc.assert(
    fc.property(fc.array(rules, { minLength: 1, maxLength: 4 }), moment, (window, now) => {
      expect(isOpen(window, now)).toBe(window.some(rule => isOpen([rule], now)));
    }),
  );
});

test('a rule that passes opens for as long as it says, on each of its days', () => {
  const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  fc.assert(
    fc.property(rules, rule => {
      const length = (minutesOf(rule.to) - minutesOf(rule.from) + 1440) % 1440 || 1440;
      const zero = rule.from === rule.to;
      const opened = [0, 1, 2, 3, 4, 5, 6].reduce((sum, weekday) => {
        const minutes = Array.from({ length: 1440 }, (_, minute) => isOpen([rule], { weekday, minute }));
        return sum + minutes.filter(Boolean).length;
      }, 0);
      expect(opened).toBe(zero ? 0 : length * rule.days.length);
      if (windowFault([rule]) === undefined) expect(opened).toBeGreaterThan(0);
    }),
    { numRuns: 30 },
  );
});

test('one that never opens, or for a moment only, is refused with the place of the fault', () => {
  const fine = { days: ['mon' as const], from: '02:00', to: '03:00' };
  expect(windowFault([fine, { ...fine, to: '02:00' }])).toMatchObject({ path: '/1/to', message: /never opens/ });
  expect(windowFault([{ ...fine, to: '02:09' }])).toMatchObject({ path: '/0/to' });
  expect(windowFault([{ ...fine, to: '02:10' }])).toBeUndefined();
});

test.each([
  [[], ''],
  [[{ days: [], from: '02:00', to: '03:00' }], '/0/days'],
  [[{ days: ['monday'], from: '02:00', to: '03:00' }], '/0/days/0'],
  [[{ days: ['mon', 'mon'], from: '02:00', to: '03:00' }], '/0/days'],
  [[{ days: ['mon'], from: '24:00', to: '03:00' }], '/0/from'],
  [[{ days: ['mon'], from: '02:00', to: '24:01' }], '/0/to'],
  [[{ days: ['mon'], from: '2:00', to: '03:00' }], '/0/from'],
  [[{ days: ['mon'], from: '02:00', to: '03:00', zone: 'UTC' }], '/0/zone'],
  [Array.from({ length: 15 }, () => night), ''],
])('what is no window is refused: %j', (window, path) => {
  expect(parser(Window)(window)).toMatchObject({ ok: false, fault: { path } });
});

test('the longest wait is from one closing to the next opening', () => {
  const hours = (n: number) => n * 3600;
  expect(longestClosedSeconds([{ days: [...WEEKDAYS], from: '02:00', to: '05:00' }])).toBe(hours(21));
  expect(longestClosedSeconds([{ days: ['sun'], from: '02:00', to: '05:00' }])).toBe(hours(7 * 24 - 3));
  expect(longestClosedSeconds([night])).toBe(hours(24 + 24 + 16));
  expect(longestClosedSeconds([{ days: ['sun'], from: '02:00', to: '02:00' }])).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  ['mon-fri 02:00-05:00', 'mon-fri 02:00-05:00'],
  ['sat,sun 00:00-24:00', 'sat,sun 00:00-24:00'],
  ['22:00-06:00', 'daily 22:00-06:00'],
  ['fri-mon 01:00-02:00', 'mon,fri,sat,sun 01:00-02:00'],
  ['sun,mon-tue 01:00-02:00', 'mon,tue,sun 01:00-02:00'],
])('people write %s', (text, told) => {
  const parsed = parseWindowRule(text);
  expect(parsed.ok && windowRuleText(parsed.value)).toBe(told);
});

test.each(['', 'monday 02:00-05:00', 'mon-fri', 'mon- 02:00-05:00', 'mon-wed-fri 02:00-05:00', '25:00-26:00', '2-5'])(
  'what people may not write: %j',
  text => {
    expect(parseWindowRule(text).ok).toBe(false);
  },
);

test('a rule is read as it was told', () => {
  fc.assert(
    fc.property(rules, rule => {
      fc.pre(windowFault([rule]) === undefined);
      expect(parseWindowRule(windowRuleText(rule))).toEqual({ ok: true, value: rule });
    }),
  );
});

test('no text makes the parser throw', () => {
  fc.assert(fc.property(fc.string(), text => typeof parseWindowRule(text).ok === 'boolean'));
});
