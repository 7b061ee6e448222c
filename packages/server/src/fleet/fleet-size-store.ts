/** How many devices share the load, and how many processes carry it. */
import { sql } from 'kysely';
import { BOARD_CONNECTION } from '../rollout/board.ts';
import type { Db } from '../deps.ts';

export interface FleetSize {
  readonly devices: number;
  /** Each process holds one connection for its board, which ends with it: no other list of them is needed. */
  readonly processes: number;
}

/** Reads all devices through: about 0.2 s for a million. */
export async function fleetSize(db: Db, seenAfter: Date): Promise<FleetSize> {
  const { rows } = await sql<FleetSize>`
    select
      (select count(*) from devices where last_seen_at >= ${seenAfter} and revoked_at is null) as devices,
      (select count(*) from pg_stat_activity
        where datname = current_database() and application_name = ${BOARD_CONNECTION}) as processes`.execute(db);
  return rows[0] ?? { devices: 0, processes: 0 };
}
