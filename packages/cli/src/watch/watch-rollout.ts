/**
 * Looks at a rollout again and again until it ends. A server that is gone for a while is waited for, with growing pauses
 * and not for ever; any other error ends the watch.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { RolloutView } from '@tidegate/protocol';
import type { AdminApi } from '../api/admin-api.ts';
import { CliError } from '../cli-error.ts';
import { EXIT } from '../exit-code.ts';
import { isUnderWay } from '../commands/rollout-words.ts';
import { isChanged, newDecisions } from './news.ts';
import type { Observer } from './observer.ts';

export interface Pace {
  readonly everyMs: number;
  /** How long the server may be gone. */
  readonly patienceMs: number;
  readonly interrupted: AbortSignal;
}

const LONGEST_PAUSE_MS = 10_000;

/** @returns the rollout as it ended @throws CliError `unreachable` after the patience, or at once where it never answered */
export async function watchRollout(api: AdminApi, id: string, pace: Pace, observer: Observer): Promise<RolloutView> {
  let before: RolloutView | undefined;
  for (;;) {
    const rollout: RolloutView = await look(api, id, pace, before && observer);
    for (const decision of newDecisions(before, rollout)) observer.decided(decision, rollout);
    observer.seen(rollout, isChanged(before, rollout));
    if (!isUnderWay(rollout)) return rollout;
    before = rollout;
    await pause(pace.everyMs, pace, id);
  }
}

/** One look that succeeds. @param observer absent at the first look, which does not wait */
async function look(api: AdminApi, id: string, pace: Pace, observer: Observer | undefined): Promise<RolloutView> {
  let lostAt: number | undefined;
  for (let pauseMs = pace.everyMs; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const rollout = await api.get(`/rollouts/${id}`, RolloutView);
      if (lostAt !== undefined) observer?.back();
      return rollout;
    } catch (error) {
      if (error instanceof CliError && error.exit === EXIT.interrupted) throw left(id);
      if (!observer || !(error instanceof CliError) || error.exit !== EXIT.unreachable) throw error;
      if (lostAt === undefined) observer.lost(error.message);
      lostAt ??= performance.now();
      if (performance.now() - lostAt + pauseMs > pace.patienceMs) {
        const again = `Given up after ${Math.round(pace.patienceMs / 1000)} s. The rollout may go on; watch it again: tidegate rollout watch ${id}`;
        throw error.within(again);
      }
    }
    await pause(pauseMs, pace, id);
  }
}

async function pause(ms: number, { interrupted }: Pace, id: string): Promise<void> {
  try {
    await wait(ms, undefined, { signal: interrupted });
  } catch {
    throw left(id);
  }
}

function left(id: string): CliError {
  return new CliError('interrupted', `Left; the rollout goes on. Watch it again: tidegate rollout watch ${id}`);
}
