/**
 * When updates may install: rules that come again every week, told in local time without a zone, since only the device
 * knows its own. Pure: who judges hands the local time in. So an hour that the clock skips opens nothing, and one that
 * it repeats is open twice.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { LIMITS } from './limits.ts';
import { closed, type Fault, type Parsed } from './schema.ts';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const FROM = '^([01]\\d|2[0-3]):[0-5]\\d$';
const TO = '^(([01]\\d|2[0-3]):[0-5]\\d|24:00)$';

const rule = {
  /** The days on which it opens; one that goes on after midnight belongs to the day before. */
  days: Type.Array(Type.Enum([...WEEKDAYS]), { minItems: 1, maxItems: WEEKDAYS.length, uniqueItems: true }),
  from: Type.String({ pattern: FROM }),
  /** The first minute that is outside. At or before `from`: on the day after. */
  to: Type.String({ pattern: TO }),
};
const bounds = { minItems: 1, maxItems: LIMITS.windowRules };

export const WindowRule = closed(rule);
export type WindowRule = Static<typeof WindowRule>;
/** Open whenever one of its rules is. */
export const Window = Type.Array(WindowRule, bounds);
export type Window = Static<typeof Window>;
/** The same in an answer: read by older devices, so open to fields that they do not know. */
export const OfferedWindow = Type.Array(Type.Object(rule), bounds);

/** A moment as the clock on the wall shows it. */
export interface LocalTime {
  /** 0 is Monday, 6 Sunday. */
  readonly weekday: number;
  /** Of the day, 0 to 1439. */
  readonly minute: number;
}

const DAY_MINUTES = 1440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

export function isOpen(window: Window, { weekday, minute }: LocalTime): boolean {
  return window.some(({ days, from, to }) => {
    const [begin, end] = [minutes(from), minutes(to)];
    const isOn = (day: number) => days.some(name => name === WEEKDAYS[(day + 7) % 7]);
    if (begin < end) return isOn(weekday) && begin <= minute && minute < end;
    if (begin === end) return false;
    return (isOn(weekday) && begin <= minute) || (isOn(weekday - 1) && minute < end);
  });
}

/** The longest time from one closing to the next opening, in a week without a change of the clock. */
export function longestClosedSeconds(window: Window): number {
  const open = Array.from({ length: WEEK_MINUTES }, (_, m) =>
    isOpen(window, { weekday: Math.floor(m / DAY_MINUTES), minute: m % DAY_MINUTES }),
  );
  const first = open.indexOf(true);
  if (first === -1) return Number.POSITIVE_INFINITY;
  let [closed, longest] = [0, 0];
  for (let i = 0; i < WEEK_MINUTES; i += 1) {
    closed = open[(first + i) % WEEK_MINUTES] ? 0 : closed + 1;
    longest = Math.max(longest, closed);
  }
  return longest * 60;
}

/** What is wrong with a window that fits the schema: a rule that never opens, or too briefly to be met. */
export function windowFault(window: Window): Fault | undefined {
  for (const [i, { from, to }] of window.entries()) {
    const length = (minutes(to) - minutes(from) + DAY_MINUTES) % DAY_MINUTES;
    const isWholeDay = minutes(to) - minutes(from) === DAY_MINUTES;
    if (length === 0 && !isWholeDay)
      return {
        path: `/${i}/to`,
        message: 'is the same time as `from`: it never opens (00:00 to 24:00 is the whole day)',
      };
    if (length < LIMITS.windowMinutesMin && !isWholeDay)
      return { path: `/${i}/to`, message: `must be ${LIMITS.windowMinutesMin} minutes after \`from\` or more` };
  }
  return undefined;
}

/** `mon-fri 02:00-05:00`, `sat,sun 00:00-24:00`, `daily 22:00-06:00`, `22:00-06:00`. */
export function parseWindowRule(text: string): Parsed<WindowRule> {
  const [, daysText = 'daily', from, to] = /^(?:([a-z,-]{3,40}) )?(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text.trim()) ?? [];
  const days = daysIn(daysText);
  if (!days || !isTime(from, FROM) || !isTime(to, TO))
    return { ok: false, fault: { path: '', message: 'is no window such as mon-fri 02:00-05:00' } };
  const parsed = { days, from, to };
  const fault = windowFault([parsed]);
  return fault ? { ok: false, fault } : { ok: true, value: parsed };
}

function isTime(text: string | undefined, pattern: string): text is string {
  return text !== undefined && new RegExp(pattern).test(text);
}

/** In the order of the week. */
function daysIn(text: string): WindowRule['days'] | undefined {
  if (text === 'daily') return [...WEEKDAYS];
  const named = new Set<string>();
  for (const part of text.split(',')) {
    const [first, last = first, ...more] = part.split('-').map(name => WEEKDAYS.findIndex(day => day === name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || more.length > 0) return undefined;
    for (let i = 0; i <= (last - first + 7) % 7; i += 1) named.add(WEEKDAYS[(first + i) % 7] ?? '');
  }
  return WEEKDAYS.filter(day => named.has(day));
}

/** As `parseWindowRule` reads it. */
export function windowRuleText({ days, from, to }: WindowRule): string {
  const places = WEEKDAYS.flatMap((day, i) => (days.includes(day) ? [i] : []));
  const [first = 0, last = 0] = [places[0], places.at(-1)];
  const isRun = places.length > 2 && last - first === places.length - 1;
  const daysText =
    places.length === WEEKDAYS.length
      ? 'daily'
      : isRun
        ? `${WEEKDAYS[first]}-${WEEKDAYS[last]}`
        : places.map(i => WEEKDAYS[i]).join(',');
  return `${daysText} ${from}-${to}`;
}

function minutes(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}
