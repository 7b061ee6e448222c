/** The owner's commands: each one call of the running agent. */
import { parseWindowRule, type WindowRule } from '@tidegate/protocol';
import { InvalidArgumentError } from 'commander';
import type { AgentStatus } from '../owner/status.ts';
import type { SecurityEvent } from '../security/security-log.ts';
import { ask } from './ask.ts';
import { type PrintOptions, printRefusals, printStatus } from './print.ts';

interface OwnerOptions extends PrintOptions {
  readonly config: string;
}

export async function status(options: OwnerOptions): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'GET', '/v1/status'), options);
}

export async function refusals(options: OwnerOptions): Promise<void> {
  const { events } = await ask<{ events: SecurityEvent[] }>(options.config, 'GET', '/v1/security/events');
  printRefusals(events, options);
}

export async function check(options: OwnerOptions): Promise<void> {
  const answer = await ask<object>(options.config, 'POST', '/v1/check');
  process.stdout.write(
    options.json
      ? `${JSON.stringify(answer)}\n`
      : 'Looking for updates; "tidegate-agent status" shows what was found.\n',
  );
}

export async function apply(options: OwnerOptions): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'POST', '/v1/apply'), options);
}

export const AUTO = ['on', 'off', 'download'] as const;

/** `download`: brought in by itself, installed when the owner says so. */
export async function auto(wish: (typeof AUTO)[number], options: OwnerOptions): Promise<void> {
  const wanted = { automatic: wish === 'on', downloadFirst: wish === 'download' };
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/updates', wanted), options);
}

export async function canary(on: boolean, options: OwnerOptions): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/canary', { canary: on }), options);
}

export interface WindowOptions extends OwnerOptions {
  readonly anyTime?: boolean;
}

export async function window(rules: readonly WindowRule[], options: WindowOptions): Promise<void> {
  if ((rules.length === 0) !== (options.anyTime === true))
    throw new InvalidArgumentError('Give times such as "mon-fri 22:00-06:00", or --any-time.');
  const answer = options.anyTime
    ? await ask<AgentStatus>(options.config, 'DELETE', '/v1/settings/window')
    : await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/window', { window: rules });
  printStatus(answer, options);
}

/** `mon-fri 22:00-06:00`, one a time. */
export function windowRules(text: string, before: readonly WindowRule[] = []): readonly WindowRule[] {
  const parsed = parseWindowRule(text);
  if (parsed.ok) return [...before, parsed.value];
  throw new InvalidArgumentError(`«${text}»${parsed.fault.path} ${parsed.fault.message}.`);
}

export async function language(tag: string, options: OwnerOptions): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/language', { language: tag }), options);
}

export interface PostponeOptions extends OwnerOptions {
  readonly until?: string;
  readonly cancel?: boolean;
}

export async function postpone(seconds: number | undefined, options: PostponeOptions): Promise<void> {
  const given = [seconds !== undefined, options.until !== undefined, options.cancel === true].filter(Boolean).length;
  if (given !== 1) throw new InvalidArgumentError('Give one of: a span such as 8h, --until TIME, --cancel.');
  const wanted = seconds === undefined ? { until: options.until } : { seconds };
  const answer = options.cancel
    ? await ask<AgentStatus>(options.config, 'DELETE', '/v1/postponement')
    : await ask<AgentStatus>(options.config, 'POST', '/v1/postponement', wanted);
  printStatus(answer, options);
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `8h`, `2d` in seconds. */
export function span(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (!match || unit === undefined) throw new InvalidArgumentError('Give a span such as 90s, 30m, 8h or 2d.');
  return Number(match[1]) * unit;
}

export function onOff(text: string): boolean {
  if (text === 'on') return true;
  if (text === 'off') return false;
  throw new InvalidArgumentError('Say on or off.');
}
