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
    await db
      .updateTable('rollout_counts')
      .set({
        offered: sql`offered + ${c.offered}`,
        begun: sql`begun + ${c.begun}`,
        verified: sql`verified + ${c.verified}`,
        failed: sql`failed + ${c.failed}`,
        neutral: sql`neutral + ${c.neutral}`,
        rolled_back: sql`rolled_back + ${c.rolledBack}`,
        refused: sql`refused + ${c.refused}`,
      })
      .where('rollout_id', '=', rolloutId)
      .where('phase', '=', phase)
      .execute();
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
