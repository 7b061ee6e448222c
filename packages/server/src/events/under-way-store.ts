/** Which of some devices have an update of some rollouts under way. */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

export async function devicesUnderWay(
  db: Db,
  rolloutIds: readonly string[],
  deviceIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (deviceIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('attempts')
    .select('device_id')
    // One parameter, however many there are: PostgreSQL takes 65,535 of them.
    .where('device_id', '=', sql<string>`any(${deviceIds})`)
    .where('rollout_id', 'in', rolloutIds)
    .where('outcome', 'is', null)
    .where('superseded', '=', false)
    .execute();
  return new Set(rows.map(r => r.device_id));
}
