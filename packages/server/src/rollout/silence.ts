/** Devices that began an update and were not heard of since: counted as failed, since a dead device cannot say so. */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { addCounts, type AttemptState, countsChange, NO_COUNTS, transition } from '../reports/transition.ts';
import { addToCounts, type CountsByPhase } from './counts-store.ts';
import { heardSince, type Moment } from './deaf-spell.ts';
import type { RolloutRow } from './rollout-store.ts';

const MARKED_AT_ONCE = 1000;

type Waiting = Pick<RolloutRow, 'id' | 'gate'>;

/** Whoever of the rollout's devices began and was not heard of since is silent. */
export function silentSince({ gate }: Waiting, { now, deaf }: Moment): Date {
  return heardSince(now, gate.silenceSeconds, deaf);
}

/** Ids of those of the rollouts that have a silent device. */
export async function silentRollouts(db: Db, rollouts: readonly Waiting[], moment: Moment): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select r.id
    from unnest(${rollouts.map(r => r.id)}::text[], ${rollouts.map(r => silentSince(r, moment))}::timestamptz[])
      as r (id, since)
    where exists (
      select from attempts where rollout_id = r.id and outcome is null and begun and changed_at < r.since
    )`.execute(db);
  return new Set(rows.map(row => row.id));
}

/** Marks those without a word since `since`. Those whose report is being stored right now are passed over. */
export async function markSilent(db: Db, rolloutId: string, since: Date, now: Date): Promise<void> {
  const silent = await db
    .selectFrom('attempts')
    .selectAll()
    .where('rollout_id', '=', rolloutId)
    .where('outcome', 'is', null)
    .where('begun', '=', true)
    .where('changed_at', '<', since)
    .limit(MARKED_AT_ONCE)
    .forUpdate()
    .skipLocked()
    .execute();
  if (silent.length === 0) return;

  const changes: CountsByPhase = new Map();
  const ends = silent.flatMap(attempt => {
    const after = transition(attempt, { state: 'failed', code: 'silent', proven: false });
    return after ? [{ attempt, after }] : [];
  });
  for (const { attempt, after } of ends) {
    const change = countsChange(attempt, after);
    changes.set(attempt.phase, addCounts(changes.get(attempt.phase) ?? NO_COUNTS, change));
  }
  await endAttempts(db, rolloutId, ends, now);
  await addToCounts(db, rolloutId, changes);
}

async function endAttempts(
  db: Db,
  rolloutId: string,
  ends: readonly { readonly attempt: { device_id: string; attempt: number }; readonly after: AttemptState }[],
  now: Date,
): Promise<void> {
  for (const { attempt, after } of ends) {
    await db
      .updateTable('attempts')
      .set({ state: after.state, code: after.code, begun: after.begun, outcome: after.outcome, changed_at: now })
      .where('rollout_id', '=', rolloutId)
      .where('device_id', '=', attempt.device_id)
      .where('attempt', '=', attempt.attempt)
      .execute();
  }
}
