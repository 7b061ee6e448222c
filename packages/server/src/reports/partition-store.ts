/**
 * The tables that hold a day of reports each. Reports that came before their day was made are moved into it. Every lock
 * that stands in the way of reports is waited for briefly only: what could not be done now is done at the next run.
 */
import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { type DayPartition, planPartitions } from './partition-plan.ts';

const LOCK = 0x71de_0005;

/** Makes the days to come and drops those past their time; two processes at once do no harm. @returns what was dropped */
export async function keepPartitions(db: Db, now: Date, retentionDays: number): Promise<string[]> {
  const { make, drop } = planPartitions(await partitions(db), now, retentionDays);
  for (const day of make) {
    await alone(db, async tx => {
      if (!(await partitions(tx)).includes(day.name)) await makeDay(tx, day);
    });
  }
  for (const { name } of drop) {
    await alone(db, tx => sql`drop table if exists ${sql.table(name)}`.execute(tx));
  }
  return drop.map(d => d.name);
}

async function partitions(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'reports'::regclass`.execute(db);
  return rows.map(r => r.name);
}

function alone(db: Db, work: (tx: Transaction<Database>) => Promise<unknown>): Promise<unknown> {
  return db.transaction().execute(async tx => {
    await sql`select pg_advisory_xact_lock(${LOCK}::bigint)`.execute(tx);
    await sql`set local lock_timeout = '1s'`.execute(tx);
    return await work(tx);
  });
}

async function makeDay(tx: Transaction<Database>, { name, from, to }: DayPartition): Promise<void> {
  const day = sql.table(name);
  await sql`create table ${day} (like reports including all)`.execute(tx);
  // From here on nothing comes into the default that belongs to the day.
  await sql`lock table reports_default in access exclusive mode`.execute(tx);
  await sql`
    with moved as (delete from reports_default where received_at >= ${from} and received_at < ${to} returning *)
    insert into ${day} select * from moved`.execute(tx);
  const [begin, end] = [sql.lit(from.toISOString()), sql.lit(to.toISOString())];
  await sql`alter table reports attach partition ${day} for values from (${begin}) to (${end})`.execute(tx);
}
