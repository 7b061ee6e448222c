import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedId } from '../testing/seed.ts';
import { dayOf } from './partition-plan.ts';
import { keepPartitions } from './partition-store.ts';
import { storeReports } from './report-store.ts';

const today = new Date('2026-03-10T12:00:00Z');
const device = seedId('device');
let base: FreshDatabase;

beforeEach(async () => {
  base = await freshDatabase();
});
afterEach(() => base.drop());

const daysFrom = (days: number) => new Date(today.getTime() + days * 86_400_000);

async function report(name: string, at: Date): Promise<void> {
  await storeReports(base.db, device, [{ id: seedId(name), state: 'failed', at: at.toISOString() }], at);
}

/** How many reports each table holds. */
async function held(): Promise<Record<string, number>> {
  const { rows } = await sql<{ name: string; reports: number }>`
    select tableoid::regclass::text as name, count(*) as reports from reports group by 1`.execute(base.db);
  return Object.fromEntries(rows.map(r => [r.name, r.reports]));
}

it('takes reports before any day was made, and moves them into their day once it is', async () => {
  await report('a', today);
  await report('b', daysFrom(1));
  expect(await held()).toEqual({ reports_default: 2 });
  await keepPartitions(base.db, today, 90);
  await report('c', today);
  expect(await held()).toEqual({ reports_20260310: 2, reports_20260311: 1 });
});

it('has a day to write into although the timed work failed for a week', async () => {
  await keepPartitions(base.db, today, 90);
  for (let days = 0; days <= 7; days++) await report(`day ${days}`, daysFrom(days));
  expect(Object.keys(await held())).toEqual(expect.arrayContaining([dayOf(daysFrom(7)).name]));
  expect(await held()).not.toHaveProperty('reports_default');
});

it('drops whole days past their time, and nothing else', async () => {
  await keepPartitions(base.db, today, 2);
  for (const days of [0, 1, 2]) await report(`day ${days}`, daysFrom(days));
  expect(await keepPartitions(base.db, daysFrom(2), 2)).toEqual([]);
  expect(await keepPartitions(base.db, daysFrom(3), 2)).toEqual(['reports_20260310']);
  expect(await held()).toEqual({ reports_20260311: 1, reports_20260312: 1 });
});

it('loses no report and fails for nobody where processes make days while reports come', async () => {
  const coming = Array.from({ length: 30 }, (_, i) => report(`r ${i}`, daysFrom(i % 3)));
  await Promise.all([...coming, ...[1, 2, 3].map(() => keepPartitions(base.db, today, 90))]);
  expect(await held()).toEqual({ reports_20260310: 10, reports_20260311: 10, reports_20260312: 10 });
});

it('asks the few days in which a report is known again, not all that are kept, nor those to come', async () => {
  for (const days of [-60, -30, -15, -8, 0]) await keepPartitions(base.db, daysFrom(days), 90);
  const asked = await base.db.connection().execute(async one => {
    await storeReports(one, device, [{ id: seedId('a'), state: 'failed', at: today.toISOString() }], today);
    await sql`select pg_stat_force_next_flush()`.execute(one);
    const { rows } = await sql<{ name: string }>`
      select relname as name from pg_stat_user_tables where relname like 'reports%' and idx_scan > 0`.execute(one);
    return rows.map(r => r.name);
  });
  const known = [-7, -6, -5, -4, -3, -2, -1, 0].map(days => dayOf(daysFrom(days)).name);
  expect(asked.toSorted()).toEqual([...known, 'reports_default'].toSorted());
});
