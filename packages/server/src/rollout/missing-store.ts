/**
 * Who was heard of lately, from the database. Both sides are samples of a bounded size, in the order of the ids, which
 * are random: a look costs the same in a fleet of any size.
 */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { Heard } from './missing.ts';
import type { RolloutRow } from './rollout-store.ts';

const SAMPLE = 10_000;

/** Devices of the open phase that verified. @param since who was not heard of since then is missing */
export async function verifiedHeard(db: Db, { id, open_phase }: RolloutRow, since: Date): Promise<Heard> {
  const { rows } = await sql<Heard>`
    select count(*)::int as devices,
      (count(*) filter (where greatest(d.last_seen_at, a.changed_at) < ${since}))::int as missing
    from (
      select device_id, changed_at from attempts
      where rollout_id = ${id} and phase = ${open_phase} and outcome = 'verified' and not superseded
      order by device_id limit ${SAMPLE}
    ) as a join devices d on d.id = a.device_id
    where d.revoked_at is null`.execute(db);
  return rows[0] ?? { devices: 0, missing: 0 };
}

/** Devices of the same kind that were not offered the release, and lived when the phase opened. */
export async function othersHeard(db: Db, rollout: RolloutRow, openedAt: Date, since: Date): Promise<Heard> {
  const { rows } = await sql<Heard>`
    select count(*)::int as devices, (count(*) filter (where last_seen_at < ${since}))::int as missing
    from (
      select id, last_seen_at from devices
      where product = ${rollout.product} and channel = ${rollout.channel} and revoked_at is null
        and hardware = any(${rollout.hardware}::text[])
      order by id limit ${2 * SAMPLE}
    ) as d
    where last_seen_at >= ${openedAt}
      and not exists (select from attempts a where a.rollout_id = ${rollout.id} and a.device_id = d.id)`.execute(db);
  return rows[0] ?? { devices: 0, missing: 0 };
}
