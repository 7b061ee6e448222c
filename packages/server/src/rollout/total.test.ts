import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedRelease, seedRollout } from '../testing/seed.ts';
import { rolloutView } from './rollout-view.ts';
import type { RolloutRow } from './rollout-store.ts';
import { countTotals } from './total.ts';
import { addToTotal, openTotals } from './total-store.ts';

const now = new Date('2026-01-01T00:00:00Z');
let base: FreshDatabase;
const deps = () => ({ db: base.db, clock: { now: () => now }, log: pino({ level: 'silent' }) });
const totalOf = async (rollout: RolloutRow) => (await rolloutView(base.db, rollout)).total;

beforeEach(async () => {
  base = await freshDatabase();
});
afterEach(() => base.drop());

async function fleet(devices: number): Promise<string[]> {
  const ids = await seedDevices(base.db, devices, now);
  const north = { attributes: JSON.stringify({ site: 'north' }) };
  await base.db.updateTable('devices').set(north).where('id', 'in', ids.slice(0, 30)).execute();
  return ids;
}

it('counts, page by page, exactly the devices that a rollout is for', async () => {
  const ids = await fleet(100);
  const current = JSON.stringify([{ component: 'app', version: '1.2.0', counter: 2 }]);
  await base.db
    .updateTable('devices')
    .set({ components: current })
    .where('id', '=', ids[0] ?? '')
    .execute();
  await base.db
    .updateTable('devices')
    .set({ revoked_at: now })
    .where('id', '=', ids[1] ?? '')
    .execute();
  const rollout = await seedRollout(base.db, await seedRelease(base.db, 2), now, { filter: 'site==north' });
  expect(await totalOf(rollout)).toBeNull();
  await countTotals(deps(), 7);
  expect(await totalOf(rollout)).toEqual({ devices: 28, countedAt: now.toISOString() });
});

it('counts a page once, also where two processes have counted it', async () => {
  await fleet(50);
  const rollout = await seedRollout(base.db, await seedRelease(base.db, 2), now);
  const [open] = await openTotals(base.db);
  if (!open) throw new Error('no total is open');
  const page = { devices: 5, last: 'g' };
  expect(await addToTotal(base.db, open, page, now)).toBe(true);
  expect(await addToTotal(base.db, open, page, now)).toBe(false);
  expect(await openTotals(base.db)).toMatchObject([{ after: 'g' }]);
  await Promise.all([countTotals(deps(), 1), countTotals(deps(), 1)]);
  expect((await totalOf(rollout))?.devices).toBe(5);
});

it('goes on where a process ended, and is not kept by a rollout that cannot be counted', async () => {
  await fleet(40);
  const broken = await seedRollout(base.db, await seedRelease(base.db, 2), now);
  await base.db.updateTable('rollouts').set({ filter: 'site=unheard=of' }).execute();
  const other = await seedRelease(base.db, 2, { component: 'mcu', target: 'gw/stable/mcu/1.2.0/mcu.bin' });
  const rollout = await seedRollout(base.db, other, new Date(now.getTime() + 1));
  const [first] = (await base.db.selectFrom('devices').select('id').orderBy('id').execute()).map(r => r.id);
  const open = (await openTotals(base.db)).find(t => t.rollout.id === rollout.id);
  if (open) await addToTotal(base.db, open, { devices: 1, last: first }, now);
  await countTotals(deps(), 10);
  expect((await totalOf(rollout))?.devices).toBe(40);
  expect(await totalOf(broken)).toBeNull();
});
