/** What an owner may say as one word, and what it means. @throws CommandError usage where it is none */
import { parseWindowRule, type WindowRule } from '@tidegate/protocol';
import { usage } from './command-line.ts';

export const AUTO = ['on', 'off', 'download'] as const;

/** `mon-fri 22:00-06:00` */
export function windowRule(text: string): WindowRule {
  const parsed = parseWindowRule(text);
  if (parsed.ok) return parsed.value;
  throw usage(`«${text}»${parsed.fault.path} ${parsed.fault.message}.`);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `8h`, `2d` in seconds. */
export function span(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) throw usage('Give a span such as 90s, 30m, 8h or 2d.');
  return Number(match[1]) * unit;
}

export function onOff(text: string): boolean {
  if (text === 'on') return true;
  if (text === 'off') return false;
  throw usage('Say on or off.');
}
