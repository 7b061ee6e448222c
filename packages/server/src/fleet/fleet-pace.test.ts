import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openBoard } from '../rollout/board.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices } from '../testing/seed.ts';
import { DEFAULT_FLEET_CONFIG } from './fleet-config.ts';
import { openFleetPace } from './fleet-pace.ts';

const now = new Date('2026-01-10T00:00:00Z');
let base: FreshDatabase;
const deps = () => ({ db: base.db, clock: { now: () => now }, log: pino({ level: 'silent' }) });
const config = { ...DEFAULT_FLEET_CONFIG, pollSeconds: 60, checkInsPerSecond: 0.1 };

beforeEach(async () => {
  base = await freshDatabase();
});
afterEach(() => base.drop());

it('counts the devices that were heard of lately, and shares the load among the processes that live', async () => {
  await seedDevices(base.db, 30, now);
  const before = new Date(now.getTime() - 3 * 86_400_000);
  await base.db.updateTable('devices').set({ last_seen_at: now }).execute();
  const rows = await base.db.selectFrom('devices').select('id').orderBy('id').limit(10).execute();
  await base.db
    .updateTable('devices')
    .set({ last_seen_at: before })
    .where(
      'id',
      'in',
      rows.slice(0, 5).map(r => r.id),
    )
    .execute();
  await base.db
    .updateTable('devices')
    .set({ revoked_at: now })
    .where(
      'id',
      'in',
      rows.slice(5).map(r => r.id),
    )
    .execute();
  const boards = [await openBoard({ ...deps(), url: base.url }), await openBoard({ ...deps(), url: base.url })];
  const pace = await openFleetPace(deps(), config);
  expect([pace.intervalSeconds(), pace.checkInsPerSecond(), pace.size()]).toEqual([
    200,
    0.05,
    { known: 25, active: 20, processes: 2 },
  ]);
  await boards[0]?.close();
  // PostgreSQL takes a moment to see that a connection has gone.
  await expect
    .poll(async () => {
      await pace.count();
      return pace.checkInsPerSecond();
    })
    .toBe(0.1);
  await boards[1]?.close();
  await pace.close();
});

it('keeps its pace where the fleet cannot be counted', async () => {
  await seedDevices(base.db, 30, now);
  await base.db.updateTable('devices').set({ last_seen_at: now }).execute();
  const pace = await openFleetPace(deps(), config);
  await base.db.schema.alterTable('devices').renameTo('devices_away').execute();
  await pace.count();
  expect(pace.intervalSeconds()).toBe(300);
  await pace.close();
});
