/** A rollout's counters by phase: incremented, never recounted. */
import type { RolloutCounts } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { addCounts, NO_COUNTS } from '../reports/transition.ts';

/** Counts by the index of the phase in which the devices were offered. */
export type CountsByPhase = Map<number, RolloutCounts>;

/** Adds changes, which may be negative, phase by phase in rising order. */
export async function addToCounts(db: Db, rolloutId: string, changes: CountsByPhase): Promise<void> {
  for (const [phase, c] of [...changes].toSorted(([a], [b]) => a - b)) {
    await sql`/* plan: add-counts */
      update rollout_counts set offered = offered + ${c.offered}, begun = begun + ${c.begun},
        verified = verified + ${c.verified}, failed = failed + ${c.failed}, neutral = neutral + ${c.neutral},
        rolled_back = rolled_back + ${c.rolledBack}, refused = refused + ${c.refused}
      where rollout_id = ${rolloutId} and phase = ${phase}`.execute(db);
  }
}

/** Counters of each rollout that has any, by rollout id. */
export async function countsOfRollouts(db: Db, rolloutIds: readonly string[]): Promise<Map<string, CountsByPhase>> {
  const found = new Map<string, CountsByPhase>(rolloutIds.map(id => [id, new Map()]));
  if (rolloutIds.length === 0) return found;
  const rows = await db.selectFrom('rollout_counts').selectAll().where('rollout_id', 'in', rolloutIds).execute();
  for (const { rollout_id, phase, rolled_back, ...counts } of rows) {
    found.get(rollout_id)?.set(phase, { ...counts, rolledBack: rolled_back });
  }
  return found;
}

export function totalCounts(byPhase: CountsByPhase): RolloutCounts {
  return [...byPhase.values()].reduce((sum, counts) => addCounts(sum, counts), NO_COUNTS);
}
