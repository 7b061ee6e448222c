/** Puts the owner's policy to the machine: a wait becomes "later", never a failure, and is never reported. */
import { AgentError } from '../agent-error.ts';
import { mayI, type Step, type Verdict, WAIT_TEXT } from '../policy/may-i.ts';
import { nextOpening } from '../policy/opening.ts';
import { failedBefore } from './attempts.ts';
import type { MachineDeps } from './deps.ts';
import type { Update } from './state.ts';

/** The longest that devices which waited for one opening are spread over. */
const SPREAD_SECONDS = 300;

interface Looking {
  readonly settings: Pick<MachineDeps['settings'], 'get'>;
  readonly clock: MachineDeps['clock'];
}

interface Judging extends Looking {
  readonly attempts: Pick<MachineDeps['attempts'], 'find'>;
}

export function verdictOn(deps: Judging, update: Update, step: Step): Verdict {
  const nowMs = deps.clock.now();
  const opensAtMs = opensAt(deps, update, nowMs);
  return mayI({
    step,
    settings: deps.settings.get(),
    target: update.target.path,
    disruption: update.target.firmware.disruption,
    notBeforeMs: update.notBefore === undefined ? 0 : Date.parse(update.notBefore),
    // What never installs is not brought in either.
    opensAtMs: step === 'download' && opensAtMs !== Number.POSITIVE_INFINITY ? nowMs : opensAtMs,
    failedBefore: failedBefore(deps.attempts.find(update), update.attempt),
    nowMs,
  });
}

/**
 * When maker and owner next let it install at once; `nowMs`, where they do. The caller's own: a clock that is read twice
 * may have gone on in between, and what is open would seem to open a moment later.
 */
export function opensAt({ settings, clock }: Looking, { window }: Pick<Update, 'window'>, nowMs: number): number {
  const windows = [window, settings.get().window].filter(w => w !== undefined);
  return nextOpening(windows, nowMs, ms => clock.local(ms));
}

/** @throws AgentError not-now, with the seconds until it is worth asking again */
export function demandPermission(deps: MachineDeps, update: Update, step: Step): void {
  const verdict = verdictOn(deps, update, step);
  if (verdict.kind === 'yes') return;
  const { untilMs = Number.POSITIVE_INFINITY, reason } = verdict;
  const most = update.pollDuringUpdateSeconds;
  // A window opens to a whole fleet at once: its devices do not ask the server at once.
  const spread = reason === 'window' ? deps.random() * Math.min(most, SPREAD_SECONDS) : 0;
  throw new AgentError('not-now', WAIT_TEXT[reason], {
    retryAfterSeconds: Math.max(0, Math.min((untilMs - deps.clock.now()) / 1000 + spread, most)),
  });
}
