/**
 * Which devices have a reason to come sooner, by what changed on the board: a place that has come, or a stop. Only what
 * the server knows of a device without asking anybody: its product and its id. Whoever is told in vain has checked in
 * once too often; whoever is not told comes by itself. Pure.
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

export interface News {
  /** Those whose updates must not go on: to be told first. */
  readonly stops: (listener: Listener) => boolean;
  readonly openings: (listener: Listener) => boolean;
}

/** Undefined where nobody need be told. */
export function newsOf(before: BoardState, after: BoardState, now: Date): News | undefined {
  const known = new Map(before.rollouts.map(r => [r.id, r]));
  const opened = after.rollouts.filter(r => r.state === 'running' && r.notBefore <= now && isWider(known.get(r.id), r));
  const stopped = before.rollouts.filter(r => after.stopped.has(r.id) && !before.stopped.has(r.id));
  if (opened.length === 0 && stopped.length === 0) return undefined;
  return {
    stops: ({ id, product }) => stopped.some(r => r.product === product && hasPlace(r, id, now)),
    openings: ({ id, product }) => opened.some(r => r.product === product && hasPlace(r, id, now)),
  };
}

function isWider(before: RunningRollout | undefined, after: RunningRollout): boolean {
  return before === undefined || before.state !== 'running' || before.openPhase !== after.openPhase;
}

/** Canaries are few, and come by themselves. */
function hasPlace(rollout: RunningRollout, id: string, now: Date): boolean {
  return placeHasCome(rollout, { id, canary: false }, now);
}
