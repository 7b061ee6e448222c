/** What making a rollout is held against: a row for each device that it is for, written when it is made. */
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';

/** Makes one of the naive kind for the whole of the product. @returns how long that took, in milliseconds */
export async function naiveRolloutMs(databaseUrl: string, product: string): Promise<number> {
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  try {
    await sql`
      create table naive_members (
        rollout_id text not null,
        device_id text not null,
        state text not null default 'waiting',
        primary key (rollout_id, device_id)
      )`.execute(db);
    const begun = performance.now();
    await sql`
      insert into naive_members (rollout_id, device_id)
      select 'naive', id from devices where product = ${product} and revoked_at is null`.execute(db);
    return performance.now() - begun;
  } finally {
    await sql`drop table if exists naive_members`.execute(db);
    await db.destroy();
  }
}
