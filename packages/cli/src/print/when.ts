/** Times and spans as people read and write them: local zone in tables, RFC 3339 only in JSON. */
import { InvalidArgumentError } from 'commander';

/** `2026-11-24 20:43:41` in the local zone; `-` for none. */
export function localTime(instant: string | null): string {
  if (instant === null) return '-';
  const t = new Date(instant);
  if (Number.isNaN(t.getTime())) return instant;
  const date = [t.getFullYear(), two(t.getMonth() + 1), two(t.getDate())].join('-');
  return `${date} ${clockTime(t)}`;
}

/** `3 min ago`, for lists; `never` for none. */
export function ago(instant: string | null, now: Date): string {
  return instant === null ? 'never' : `${spanWords((now.getTime() - Date.parse(instant)) / 1000)} ago`;
}

/** `20:43:41` in the local zone. */
export function clockTime(t: Date): string {
  return [t.getHours(), t.getMinutes(), t.getSeconds()].map(two).join(':');
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `8h`, `2d` in seconds. @throws InvalidArgumentError */
export function span(text: string): number {
  const match = /^(\d{1,7})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) throw new InvalidArgumentError('Give a span such as 90s, 30m, 8h or 2d.');
  return Number(match[1]) * unit;
}

/** Seconds in the largest unit that says them without a rest worth telling: `24 h`, `90 s`, `3 d`. */
export function spanWords(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3 * 86_400) return `${Math.floor(s / 86_400)} d`;
  if (s >= 2 * 3600) return `${Math.floor(s / 3600)} h`;
  if (s > 120) return `${Math.floor(s / 60)} min`;
  return `${s} s`;
}

/**
 * A time as people write it (`2026-11-24`, `2026-11-24 20:43`, local unless it names a zone) or a span back from now
 * (`7d`), as RFC 3339 in UTC. @throws InvalidArgumentError
 */
export function instant(text: string, now: Date, direction: 'past' | 'future'): string {
  if (/^\d+[smhd]$/.test(text)) {
    const ms = span(text) * 1000;
    return wholeSeconds(new Date(now.getTime() + (direction === 'past' ? -ms : ms)));
  }
  const local = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const [, date, time = '00:00', seconds = ':00', zone = ''] = local ?? [];
  const t = new Date(`${date}T${time}${seconds}${zone}`);
  if (Number.isNaN(t.getTime())) {
    const spanMeaning = direction === 'past' ? 'that long ago' : 'from now';
    throw new InvalidArgumentError(
      `Give a time such as 2026-11-24 or "2026-11-24 20:43", or a span (${spanMeaning}): 7d.`,
    );
  }
  return wholeSeconds(t);
}

function wholeSeconds(t: Date): string {
  return `${t.toISOString().slice(0, 19)}Z`;
}
