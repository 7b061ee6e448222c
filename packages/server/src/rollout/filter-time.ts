/**
 * Times in a filter: a day, a time in UTC, or a span back from now as ISO 8601 writes it. Months and years are no spans
 * here, since they differ in length. Pure.
 */

/** A point on the clock, or so long before whatever is now. Milliseconds. */
export type Moment = { readonly at: number } | { readonly ago: number };

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?Z)?$/;
const SPAN = /^-P(?=.)(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,5})H)?(?:(\d{1,6})M)?)?$/;
const WEEK_MS = 7 * 86_400_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** `2026-11-01`, `2026-11-01T08:00:00Z`, `-P7D`, `-P1DT12H`; undefined for anything else, a 31st of February included. */
export function parseMoment(text: string): Moment | undefined {
  const span = SPAN.exec(text);
  if (span) {
    const [weeks = 0, days = 0, hours = 0, minutes = 0] = span.slice(1).map(digits => Number(digits ?? 0));
    return { ago: weeks * WEEK_MS + days * DAY_MS + hours * HOUR_MS + minutes * MINUTE_MS };
  }
  if (!TIME.test(text)) return undefined;
  const time = new Date(text);
  const isTime = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text.slice(0, 10));
  return isTime ? { at: time.getTime() } : undefined;
}

export function momentMs(moment: Moment, now: Date): number {
  return 'at' in moment ? moment.at : now.getTime() - moment.ago;
}
