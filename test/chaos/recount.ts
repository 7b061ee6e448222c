/** The counters of every rollout against a count of its attempts' rows. */
import type { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';

export type Db = ReturnType<typeof openDatabase>;

export async function recounted(db: Db): Promise<string[]> {
  const { rows } = await sql<{ rollout_id: string; phase: number; counted: string; found: string }>`
    with found as (
      select rollout_id, phase, array[
        count(*), count(*) filter (where begun), count(*) filter (where outcome = 'verified'),
        count(*) filter (where outcome = 'failed'), count(*) filter (where outcome = 'neutral')
      ]::bigint[] as n
      from attempts where not superseded group by rollout_id, phase
    ), counted as (
      select rollout_id, phase, array[offered, begun, verified, failed, neutral]::bigint[] as n from rollout_counts
    )
    select rollout_id, phase, counted.n::text as counted, found.n::text as found
    from counted full join found using (rollout_id, phase)
    where coalesce(counted.n, '{0,0,0,0,0}') <> coalesce(found.n, '{0,0,0,0,0}')`.execute(db);
  return rows.map(
    r =>
      `phase ${r.phase} of ${r.rollout_id}: the counters say ${r.counted ?? 'nothing'}, a recount ${r.found ?? 'nothing'}`,
  );
}
