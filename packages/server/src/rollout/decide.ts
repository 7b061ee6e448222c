/**
 * Who gets what: the one offer for a device, or none, and which of its updates must not go on.
 * Pure: the same facts, attempts and board always give the same answer.
 */
import { isBegun, type UpdateState } from '@tidegate/protocol';
import type { DeviceFacts } from './device-facts.ts';
import { fits, meant, placeHasCome } from './eligible.ts';
import { byRank, outranks } from './precedence.ts';
import type { RunningRollout } from './running-rollout.ts';

/** Where a device stands in one rollout. */
export interface KnownAttempt {
  readonly attempt: number;
  readonly state: UpdateState;
  /** It ended, whichever way. */
  readonly ended: boolean;
}

export interface Situation {
  readonly device: DeviceFacts;
  /** By rollout id: every attempt that the device had in the rollouts below. */
  readonly attempts: ReadonlyMap<string, KnownAttempt>;
  /** Those that may offer: running or paused, or completed and not replaced. */
  readonly rollouts: readonly RunningRollout[];
  /** Ids of rollouts that were halted, stopped or lost their release. */
  readonly stopped: ReadonlySet<string>;
  /** The rollout of the update that the device says it is working on. */
  readonly workingOn: string | undefined;
  readonly now: Date;
}

export interface Decision {
  readonly offer: { readonly rollout: RunningRollout; readonly attempt: number } | undefined;
  readonly stop: readonly string[];
}

export function decide(situation: Situation): Decision {
  const { attempts, workingOn } = situation;
  const due = situation.rollouts.filter(r => isDue(r, situation)).toSorted(byPrecedence);
  const entered = due.filter(r => attempts.has(r.id));
  const chosen = overtaken(entered[0], due, attempts) ?? entered[0] ?? due[0];
  const offer = chosen && { rollout: chosen, attempt: attempts.get(chosen.id)?.attempt ?? 1 };
  return { offer, stop: workingOn !== undefined && mustStop(workingOn, chosen, situation) ? [workingOn] : [] };
}

/**
 * An attempt under way stays due whatever the filter says now; one that ended is never due again. A paused rollout
 * lets those go on that are at work, and nobody begin.
 */
function isDue(rollout: RunningRollout, { device, attempts, workingOn, now }: Situation): boolean {
  if (!fits(rollout, device) || rollout.notBefore > now) return false;
  const known = attempts.get(rollout.id);
  const atWork = known && (known.state !== 'offered' || workingOn === rollout.id);
  if (rollout.state === 'paused' && !atWork) return false;
  if (known) return !known.ended;
  return meant(rollout, device, now) && placeHasCome(rollout, device, now);
}

/**
 * The urgent and security before others; then those that still prove themselves before those that are done; then the
 * older.
 */
function byPrecedence(a: RunningRollout, b: RunningRollout): number {
  return (
    byRank(a, b) ||
    Number(b.state !== 'completed') - Number(a.state !== 'completed') ||
    (a.state !== 'completed' ? a.createdAt.getTime() - b.createdAt.getTime() : b.counter - a.counter) ||
    (a.id < b.id ? -1 : 1)
  );
}

/** A release that outranks it takes over from an update of the same component that has not begun and is older. */
function overtaken(
  current: RunningRollout | undefined,
  due: readonly RunningRollout[],
  attempts: Situation['attempts'],
): RunningRollout | undefined {
  const state = current && attempts.get(current.id)?.state;
  if (!current || state === undefined || isBegun(state)) return undefined;
  return due.find(r => outranks(r, current) && r.component === current.component && r.counter > current.counter);
}

function mustStop(workingOn: string, chosen: RunningRollout | undefined, situation: Situation): boolean {
  if (situation.stopped.has(workingOn)) return true;
  const current = situation.rollouts.find(r => r.id === workingOn);
  return (
    current !== undefined && chosen !== undefined && overtaken(current, [chosen], situation.attempts) !== undefined
  );
}
