/** The owner's commands: each one call of the running agent. */
import type { WindowRule } from '@tidegate/protocol';
import type { AgentStatus } from '../owner/status.ts';
import type { SecurityEvent } from '../security/security-log.ts';
import { ask } from './ask.ts';
import { usage } from './command-line.ts';
import { type PrintOptions, printRefusals, printStatus } from './print.ts';
import type { AUTO } from './wishes.ts';

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

/** `download`: brought in by itself, installed when the owner says so. */
export async function auto(options: OwnerOptions, wish: (typeof AUTO)[number]): Promise<void> {
  const wanted = { automatic: wish === 'on', downloadFirst: wish === 'download' };
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/updates', wanted), options);
}

export async function canary(options: OwnerOptions, on: boolean): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/canary', { canary: on }), options);
}

export interface WindowOptions extends OwnerOptions {
  readonly anyTime?: boolean;
}

export async function window(options: WindowOptions, rules: readonly WindowRule[]): Promise<void> {
  if ((rules.length === 0) !== (options.anyTime === true))
    throw usage('Give times such as "mon-fri 22:00-06:00", or --any-time.');
  const answer = options.anyTime
    ? await ask<AgentStatus>(options.config, 'DELETE', '/v1/settings/window')
    : await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/window', { window: rules });
  printStatus(answer, options);
}

export async function language(options: OwnerOptions, tag: string): Promise<void> {
  printStatus(await ask<AgentStatus>(options.config, 'PUT', '/v1/settings/language', { language: tag }), options);
}

export interface PostponeOptions extends OwnerOptions {
  readonly until?: string;
  readonly cancel?: boolean;
}

export async function postpone(options: PostponeOptions, seconds: number | undefined): Promise<void> {
  const given = [seconds !== undefined, options.until !== undefined, options.cancel === true].filter(Boolean).length;
  if (given !== 1) throw usage('Give one of: a span such as 8h, --until TIME, --cancel.');
  const wanted = seconds === undefined ? { until: options.until } : { seconds };
  const answer = options.cancel
    ? await ask<AgentStatus>(options.config, 'DELETE', '/v1/postponement')
    : await ask<AgentStatus>(options.config, 'POST', '/v1/postponement', wanted);
  printStatus(answer, options);
}
