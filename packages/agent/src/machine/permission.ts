/** Puts the owner's policy to the machine: a wait becomes "later", never a failure, and is never reported. */
import { AgentError } from '../agent-error.ts';
import { mayI, type Verdict, WAIT_TEXT } from '../policy/may-i.ts';
import { failedBefore } from './attempts.ts';
import type { MachineDeps } from './deps.ts';
import type { Update } from './state.ts';

export function verdictOn(deps: Pick<MachineDeps, 'settings' | 'attempts' | 'clock'>, update: Update): Verdict {
  return mayI({
    settings: deps.settings.get(),
    target: update.target.path,
    disruption: update.target.firmware.disruption,
    notBeforeMs: update.notBefore === undefined ? 0 : Date.parse(update.notBefore),
    failedBefore: failedBefore(deps.attempts.find(update), update.attempt),
    nowMs: deps.clock.now(),
  });
}

/** @throws AgentError not-now, with the seconds until it is worth asking again */
export function demandPermission(deps: MachineDeps, update: Update): void {
  const verdict = verdictOn(deps, update);
  if (verdict.kind === 'yes') return;
  const untilSeconds = verdict.untilMs === undefined ? Infinity : (verdict.untilMs - deps.clock.now()) / 1000;
  throw new AgentError('not-now', WAIT_TEXT[verdict.reason], {
    retryAfterSeconds: Math.max(0, Math.min(untilSeconds, update.pollDuringUpdateSeconds)),
  });
}
