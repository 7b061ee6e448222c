/**
 * What changed on the board that devices have a reason to come sooner for: a place that has come, or a stop. Of a device it
 * knows product and id alone. Whoever is told in vain has checked in once too often; whoever is not told comes by itself.
 * Pure.
 */
import type { RunningRollout } from '../rollout/running-rollout.ts';
import { placeHasCome } from '../rollout/eligible.ts';

export interface BoardState {
  readonly rollouts: readonly RunningRollout[];
  readonly stopped: ReadonlySet<string>;
}

export interface Listener {
  readonly id: string;
  readonly product: string;
}

export interface Changes {
  /** Ids of rollouts whose updates must not go on. */
  readonly stopped: readonly string[];
  /** Undefined where nothing opened. */
  readonly opensFor: ((listener: Listener) => boolean) | undefined;
}

export function changesOf(before: BoardState, after: BoardState, now: Date): Changes {
  const known = new Map(before.rollouts.map(r => [r.id, r]));
  const opened = after.rollouts.filter(r => r.state === 'running' && r.notBefore <= now && isWider(known.get(r.id), r));
  const stopped = before.rollouts.filter(r => after.stopped.has(r.id) && !before.stopped.has(r.id));
  return {
    stopped: stopped.map(r => r.id),
    opensFor:
      opened.length === 0
        ? undefined
        : ({ id, product }) => opened.some(r => r.product === product && hasPlace(r, id, now)),
  };
}

function isWider(before: RunningRollout | undefined, after: RunningRollout): boolean {
  return before === undefined || before.state !== 'running' || before.openPhase !== after.openPhase;
}

/** Canaries are few, and come by themselves. */
function hasPlace(rollout: RunningRollout, id: string, now: Date): boolean {
  return placeHasCome(rollout, { id, canary: false }, now);
}
