import { type CheckInRequest, UPDATE_STATES } from '@tidegate/protocol';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tagByName } from '../admin/tag-store.ts';
import { storeReports } from '../reports/report-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { testCheckIn } from '../testing/test-check-in.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { type Board, openBoard } from './board.ts';
import { type DeviceMemory, openDeviceMemory } from './device-memory.ts';
import { stopRollout } from './rollout-control.ts';
import type { RolloutRow } from './rollout-store.ts';

let base: FreshDatabase;
let board: Board;
let memory: DeviceMemory;
let rollout: RolloutRow;
let now: Date;
const clock = { now: () => now };
const id = seedId('device 0');

beforeEach(async () => {
  now = new Date('2026-01-01T00:00:00Z');
  base = await freshDatabase();
  await seedDevices(base.db, 1, now);
  rollout = await seedRollout(base.db, await seedRelease(base.db, 2), now, { filter: 'site!=lab' });
  const deps = { db: base.db, clock, log: pino({ level: 'silent' }) };
  board = await openBoard({ ...deps, url: base.url });
  memory = openDeviceMemory(deps);
});
afterEach(async () => {
  await memory.close();
  await board.close();
  await base.drop();
});

function ask(more: Partial<CheckInRequest> = {}, through: Pick<Board, 'current'> = board) {
  const deps = { db: base.db, clock, log: pino({ level: 'silent' }), board: through, memory };
  return testCheckIn(deps, id, { attributes: { site: 'home' }, ...more });
}

const attempts = () => base.db.selectFrom('attempts').selectAll().execute();
const device = () => base.db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

async function reports(state: (typeof UPDATE_STATES)[number]): Promise<void> {
  const report = { id: seedId(state), rolloutId: rollout.id, attempt: 1, state, code: 'health-failed' as const };
  await storeReports(base.db, id, [{ ...report, at: '2026-01-01T00:00:00Z' }], now);
}

describe('a check-in', () => {
  it('gets an offer that is durable before the answer, and the same again, counted once', async () => {
    const first = await ask();
    expect(first.offer).toMatchObject({ rolloutId: rollout.id, attempt: 1, target: rollout.target, counter: 2 });
    expect(await attempts()).toMatchObject([{ device_id: id, state: 'offered' }]);
    expect(await Promise.all([ask(), ask()])).toEqual([first, first]);
    expect(await base.db.selectFrom('rollout_counts').select('offered').execute()).toEqual([{ offered: 1 }]);
  });

  it('carries the window and the urgency of its rollout, judged by nobody but the device', async () => {
    expect((await ask()).offer).not.toHaveProperty('window');
    await stopRollout(base.db, rollout.id, { by: 'anna', now });
    const window = [{ days: ['sun' as const], from: '02:00', to: '05:00' }];
    const next = await seedRelease(base.db, 3, { class: 'security' });
    rollout = await seedRollout(base.db, next, now, { window, urgent: true });
    await board.confirm();
    expect((await ask()).offer).toMatchObject({ rolloutId: rollout.id, window, urgent: true });
  });

  it('finds a device that an operator tagged since, though it was remembered without the tag', async () => {
    await stopRollout(base.db, rollout.id, { by: 'anna', now });
    const next = await seedRelease(base.db, 3);
    rollout = await seedRollout(base.db, next, now, { filter: 'tag==trial;tag!=excluded' });
    await board.confirm();
    expect((await ask()).offer).toBeNull();
    await tagByName(base.db, [id], { add: ['trial', 'excluded'], remove: [] });
    await board.confirm();
    expect((await ask()).offer).toBeNull();
    await tagByName(base.db, [id], { add: [], remove: ['excluded'] });
    await board.confirm();
    expect((await ask()).offer?.rolloutId).toBe(rollout.id);
  });

  it('of a device that joins its group late gets the offer then: membership is dynamic', async () => {
    await stopRollout(base.db, rollout.id, { by: 'anna', now });
    rollout = await seedRollout(base.db, await seedRelease(base.db, 3), now, { filter: 'group==pilot' });
    await board.confirm();
    expect((await ask()).offer).toBeNull();
    await tagByName(base.db, [id], { add: [], remove: [], group: 'pilot' });
    await board.confirm();
    expect((await ask()).offer?.rolloutId).toBe(rollout.id);
    await tagByName(base.db, [id], { add: [], remove: [], group: 'other' });
    await board.confirm();
    expect((await ask()).offer?.rolloutId).toBe(rollout.id);
  });

  it('of a device that enrolled after the rollout began takes part: late joiners need no second rollout', async () => {
    const late = seedId('device 1');
    await base.db.deleteFrom('devices').execute();
    await seedDevices(base.db, 2, now);
    const deps = { db: base.db, clock, log: pino({ level: 'silent' }), board, memory };
    const more = { bootId: seedId('boot late'), components: [], attributes: { site: 'home' } };
    const { offer } = await testCheckIn(deps, late, more);
    expect(offer?.rolloutId).toBe(rollout.id);
  });

  it('of a device below a stepping stone gets the stone first, also from a rollout that is done, then the release', async () => {
    await base.db.updateTable('rollouts').set({ state: 'completed' }).execute();
    const last = await seedRollout(base.db, await seedRelease(base.db, 4, { min_from_counter: 2 }), now, {});
    const runs = (counter: number) => ({ components: [{ component: 'app', version: 'x', counter }] });
    await board.confirm();
    expect((await ask(runs(1))).offer).toMatchObject({ rolloutId: rollout.id, counter: 2 });
    await reports('rolledBack');
    memory.forgetAttempts(id);
    expect((await ask(runs(1))).offer).toBeNull();
    expect((await ask(runs(2))).offer).toMatchObject({ rolloutId: last.id, counter: 4 });
    await base.db.updateTable('rollouts').set({ state: 'completed' }).execute();
    await board.confirm();
    expect(board.current()?.rolloutsFor('gw', 'stable')).toHaveLength(2);
  });

  it('of a canary comes first in every rollout, and is remembered as one until it says otherwise', async () => {
    await stopRollout(base.db, rollout.id, { by: 'anna', now });
    const phases = [{ basisPoints: 1 }, { basisPoints: 10_000 }];
    await seedRollout(base.db, await seedRelease(base.db, 3), now, { phases });
    await board.confirm();
    expect((await ask()).offer).toBeNull();
    expect((await ask({ canary: true })).offer).not.toBeNull();
    await memory.flush();
    expect((await device()).canary).toBe(true);
    await ask();
    await memory.flush();
    expect((await device()).canary).toBe(false);
  });

  it('gets its offer again when the filter no longer means it, also from a process that has forgotten it', async () => {
    await ask();
    const elsewhere = { attributes: { site: 'lab' } };
    expect((await ask(elsewhere)).offer?.rolloutId).toBe(rollout.id);
    memory.forgetAttempts(id);
    expect((await ask(elsewhere)).offer?.rolloutId).toBe(rollout.id);
  });

  it('gets nothing once its attempt has ended, even through another process', async () => {
    await ask();
    await reports('rolledBack');
    expect((await ask()).offer).toBeNull();
  });

  it('gets nothing from a rollout that was stopped in this moment, before the board knows', async () => {
    await base.db.updateTable('rollouts').set({ state: 'stopped' }).execute();
    expect((await ask()).offer).toBeNull();
    expect(await attempts()).toEqual([]);
  });

  it('gets nothing where the process was cut off while the offer was written', async () => {
    let looks = 0;
    const cutOff = { current: () => (looks++ === 0 ? board.current() : undefined) };
    expect((await ask({}, cutOff)).offer).toBeNull();
    expect(await attempts()).toHaveLength(1);
    expect((await ask()).offer).not.toBeNull();
  });

  it('is answered within a second or so where the database hangs', async () => {
    await base.db.transaction().execute(async tx => {
      await sql`lock table attempts in access exclusive mode`.execute(tx);
      expect(await ask()).toMatchObject({ offer: null, stop: [] });
    });
    expect((await ask()).offer).not.toBeNull();
  });

  it('is told to stop when its rollout was stopped', async () => {
    await ask();
    await stopRollout(base.db, rollout.id, { by: 'tester', now });
    await board.confirm();
    const update = { rolloutId: rollout.id, attempt: 1, state: 'downloading' as const };
    expect(await ask({ update })).toMatchObject({ offer: null, stop: [rollout.id] });
  });

  it('gets an answer without an offer while the board is unconfirmed, or the offer cannot be written', async () => {
    now = new Date(now.getTime() - 5000);
    expect(await ask()).toMatchObject({ offer: null, stop: [] });
    now = new Date(now.getTime() + 5000);
    await base.db.schema.alterTable('attempts').renameTo('attempts_away').execute();
    expect(await ask()).toMatchObject({ offer: null, stop: [] });
  });

  it('leaves its inventory in the database, whatever texts it sends', async () => {
    await ask({ attributes: { site: 'a\0\ud800' }, components: [{ component: 'app', version: '1.5.0', counter: 5 }] });
    await memory.flush();
    const row = await device();
    expect(row.components).toEqual([{ component: 'app', version: '1.5.0', counter: 5 }]);
    expect(row.attributes).toEqual({ site: 'a\ufffd' });
  });

  it('writes nothing for five minutes while it says nothing new', async () => {
    const seenAfter = async (seconds: number, more: Partial<CheckInRequest> = {}) => {
      now = new Date(now.getTime() + seconds * 1000);
      await ask(more);
      await memory.flush();
      return (await device()).last_seen_at?.getTime() === now.getTime();
    };
    expect(await seenAfter(1)).toBe(true);
    expect(await seenAfter(200)).toBe(false);
    expect(await seenAfter(1, { attributes: { site: 'shop' } })).toBe(true);
    expect(await seenAfter(300, { attributes: { site: 'shop' } })).toBe(true);
  });

  it('keeps an update that has begun from counting as silent', async () => {
    await ask();
    await reports('activating');
    now = new Date(now.getTime() + 50_000);
    await ask({ update: { rolloutId: rollout.id, attempt: 1, state: 'activating' } });
    await memory.flush();
    expect((await attempts())[0]?.changed_at).toEqual(now);
  });
});
