import { type RolloutRequest, WEEKDAYS } from '@tidegate/protocol';
import { cohort } from '@tidegate/protocol/cohort';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../db/open-database.ts';
import { storeReports } from '../reports/report-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { testCheckIn } from '../testing/test-check-in.ts';
import { admitDevice } from './admission-store.ts';
import { type Board, openBoard } from './board.ts';
import { type DeviceMemory, openDeviceMemory } from './device-memory.ts';
import { noteHearing } from './hearing-store.ts';
import type { RolloutRow } from './rollout-store.ts';

const START = new Date('2026-01-01T00:00:00Z');
const whole = [{ basisPoints: 10_000 }];
const log = pino({ level: 'silent' });
let base: FreshDatabase;
let board: Board;
let memory: DeviceMemory;
let ids: string[];
let rollout: RolloutRow;
let now: Date;
let downloadsAtOnce: number | undefined;
const clock = { now: () => now };

beforeEach(async () => {
  now = START;
  downloadsAtOnce = undefined;
  base = await freshDatabase();
  ids = await seedDevices(base.db, 20, START);
  board = await openBoard({ db: base.db, clock, log, url: base.url });
  memory = openDeviceMemory({ db: base.db, clock, log });
});
afterEach(async () => {
  await memory.close();
  await board.close();
  await base.drop();
});

async function start(more: Partial<RolloutRequest>): Promise<void> {
  rollout = await seedRollout(base.db, await seedRelease(base.db, 2), now, { phases: whole, ...more });
  await board.confirm();
}

async function ask(id: string, state?: 'offered' | 'downloading' | 'downloaded', canary = false): Promise<boolean> {
  const { offer } = await testCheckIn({ db: base.db, clock, log, board, memory, downloadsAtOnce }, id, {
    bootId: seedId(`boot ${id}`),
    ...(state && { update: { rolloutId: rollout.id, attempt: 1, state } }),
    ...(canary && { canary }),
  });
  return offer !== null;
}

/** Those of the fleet that get the offer now. */
async function whoGets(): Promise<string[]> {
  const got: string[] = [];
  for (const id of ids) if (await ask(id)) got.push(id);
  return got;
}

/** Time goes by, for the board too. */
async function pass(seconds: number): Promise<void> {
  now = new Date(now.getTime() + seconds * 1000);
  await board.confirm();
}

const offered = async () => (await base.db.selectFrom('attempts').select('device_id').execute()).length;

describe('a phase that is a number of devices', () => {
  it('takes in that many, whoever come first, and keeps them', async () => {
    await start({ phases: [{ devices: 3 }, { basisPoints: 10_000 }] });
    expect(await whoGets()).toEqual(ids.slice(0, 3));
    await pass(2);
    expect(await whoGets()).toEqual(ids.slice(0, 3));
  });

  it('holds over several processes that admit at once', async () => {
    await start({ phases: [{ devices: 5 }, { basisPoints: 10_000 }] });
    const others = [1, 2, 3].map(() => openDatabase(base.url, log));
    const pools = [base.db, ...others];
    try {
      const answers = await Promise.all(
        [...ids, ...ids].map((deviceId, i) =>
          admitDevice(pools[i % pools.length] ?? base.db, { rolloutId: rollout.id, deviceId, now }),
        ),
      );
      const inside = answers.filter(a => a && !('closedUntil' in a));
      expect([await offered(), inside.length > 0]).toEqual([5, true]);
    } finally {
      await Promise.all(others.map(db => db.destroy()));
    }
  });
});

describe('a ceiling of devices per minute', () => {
  it('spaces them, is remembered by the process, and holds for another one too', async () => {
    await start({ pace: { devicesPerMinute: 6 } });
    expect(await whoGets()).toHaveLength(1);
    await pass(9);
    expect(await whoGets()).toHaveLength(1);
    await pass(1);
    expect(await whoGets()).toHaveLength(2);
    const other = { rolloutId: rollout.id, deviceId: ids.at(-1) ?? '', now };
    expect(await admitDevice(base.db, other)).toHaveProperty('closedUntil');
  });

  it('asks the database once where there is no place, however many devices come', async () => {
    await start({ pace: { devicesPerMinute: 1 } });
    await ask(ids[0] ?? '');
    await ask(ids[1] ?? '');
    // Asking would write the row that is locked for it anew.
    await base.db.deleteFrom('rollout_admissions').execute();
    expect(await whoGets()).toEqual([ids[0]]);
    expect(await base.db.selectFrom('rollout_admissions').selectAll().execute()).toEqual([]);
  });

  it('grows with devices that verified, and not with those that were offered', async () => {
    await start({ pace: { ramp: { devicesPerMinute: 1, growth: 100_000, verified: 1 } } });
    const [first = ''] = await whoGets();
    await pass(59);
    expect(await whoGets()).toEqual([first]);
    const proof = { id: seedId('proof'), rolloutId: rollout.id, attempt: 1, state: 'verified' as const, counter: 2 };
    await storeReports(base.db, first, [{ ...proof, sha256: rollout.sha256, at: now.toISOString() }], now);
    memory.forgetAttempts(first);
    await pass(1);
    expect(await whoGets()).toHaveLength(1);
    await pass(6);
    expect(await whoGets()).toHaveLength(2);
  });
});

describe('a ceiling on devices at work', () => {
  const pace = { devicesAtWork: 2, leaseSeconds: 600 };

  it('lets the next one in when one has ended', async () => {
    await start({ pace });
    expect(await whoGets()).toEqual(ids.slice(0, 2));
    await base.db
      .updateTable('attempts')
      .set({ outcome: 'verified', state: 'verified' })
      .where('device_id', '=', ids[0] ?? '')
      .execute();
    memory.forgetAttempts(ids[0] ?? '');
    await pass(2);
    expect(await whoGets()).toEqual(ids.slice(1, 3));
  });

  it('gives the place of a device that vanished to another, and keeps that of one that is heard of', async () => {
    await start({ pace });
    await ask(ids[0] ?? '');
    await ask(ids[1] ?? '');
    await pass(400);
    await ask(ids[1] ?? '', 'downloading');
    await memory.flush();
    expect(await ask(ids[2] ?? '')).toBe(false);
    await pass(201);
    expect(await ask(ids[2] ?? '')).toBe(true);
    expect(await ask(ids[3] ?? '')).toBe(false);
  });

  it('keeps the places of those that could not be heard: the server was away, or its clock was set forward', async () => {
    await start({ pace });
    await whoGets();
    await noteHearing(base.db, now, 60);
    await pass(2 * 86_400);
    await noteHearing(base.db, now, 60);
    expect(await ask(ids[2] ?? '')).toBe(false);
    for (const id of ids.slice(0, 2)) await ask(id, 'downloading');
    await memory.flush();
    await pass(500);
    expect(await ask(ids[2] ?? '')).toBe(false);
  });

  it('is not used up by devices that wait for their owners; what those were told stays', async () => {
    await start({ pace });
    await whoGets();
    await pass(601);
    expect(await ask(ids[0] ?? '', 'offered')).toBe(true);
    await memory.flush();
    expect([await ask(ids[2] ?? ''), await ask(ids[3] ?? '')]).toEqual([true, true]);
    expect(await ask(ids[0] ?? '', 'offered')).toBe(true);
  });
});

describe('a device that has the release and does not begin', () => {
  const pace = { devicesAtWork: 1, leaseSeconds: 600 };
  const window = [{ days: [...WEEKDAYS], from: '02:00', to: '05:00' }];
  const [first, second] = [seedId('device 0'), seedId('device 1')];

  /** It comes by twice in each lease, and says that it waits. */
  async function waits(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 300) {
      await pass(Math.min(300, left));
      await ask(first, 'downloaded');
      await memory.flush();
    }
  }

  async function download(): Promise<void> {
    expect(await ask(first)).toBe(true);
    const report = { id: seedId('here'), rolloutId: rollout.id, attempt: 1, state: 'downloaded' as const };
    await storeReports(base.db, first, [{ ...report, at: now.toISOString() }], now);
  }

  it('gives its place away after the lease, where no window keeps it waiting', async () => {
    await start({ pace });
    await download();
    await waits(590);
    expect(await ask(second)).toBe(false);
    await waits(20);
    expect(await ask(second)).toBe(true);
  });

  it('keeps its place as long as the window may be closed', async () => {
    await start({ pace, window });
    await download();
    await waits(21 * 3600);
    expect(await ask(second)).toBe(false);
    await waits(610);
    expect(await ask(second)).toBe(true);
  });
});

describe('a phase that is spread over a time', () => {
  it('takes devices in by their cohorts, from none to all, and canaries like the others', async () => {
    await start({ pace: { overSeconds: 1000 } });
    expect(await whoGets()).toEqual([]);
    await pass(300);
    expect(new Set(await whoGets())).toEqual(new Set(ids.filter(id => cohort(rollout.salt, id) < 3000)));
    const late = ids.toSorted((a, b) => cohort(rollout.salt, b) - cohort(rollout.salt, a))[0] ?? '';
    expect(await ask(late, undefined, true)).toBe(false);
    await pass(700);
    expect(await whoGets()).toHaveLength(20);
  });

  it('spreads a number of devices too', async () => {
    await start({ phases: [{ devices: 10 }, { basisPoints: 10_000 }], pace: { overSeconds: 1000 } });
    await pass(500);
    expect(await whoGets()).toHaveLength(5);
    await pass(500);
    expect(await whoGets()).toHaveLength(10);
  });
});

describe('a ceiling on downloads at one time', () => {
  const states = (deviceId: string | undefined, state: 'downloading' | 'downloaded' | 'installing') =>
    base.db
      .updateTable('attempts')
      .set({ state })
      .where('device_id', '=', deviceId ?? '')
      .execute();

  it('holds without any pace; a device that has all its bytes makes room, one that downloads does not', async () => {
    downloadsAtOnce = 2;
    await start({});
    expect(await whoGets()).toEqual(ids.slice(0, 2));
    await states(ids[0], 'downloading');
    await states(ids[1], 'downloaded');
    memory.forgetAttempts(ids[1] ?? '');
    await pass(2);
    expect(await whoGets()).toEqual(ids.slice(0, 3));
  });

  it('gives the place of a device that vanished to another, and lets those go on that had begun before it was set', async () => {
    await start({});
    expect(await ask(ids[0] ?? '')).toBe(true);
    await states(ids[0], 'installing');
    memory.forgetAttempts(ids[0] ?? '');
    downloadsAtOnce = 1;
    expect(await ask(ids[1] ?? '')).toBe(true);
    expect([await ask(ids[2] ?? ''), await ask(ids[0] ?? '')]).toEqual([false, true]);
    await pass(901);
    expect(await ask(ids[2] ?? '')).toBe(true);
  });

  it('holds over all rollouts and several processes that admit at once', async () => {
    await start({});
    const other = await seedRelease(base.db, 3, { target: 'gw/stable/mcu/1.3.0/mcu.bin', component: 'mcu' });
    const second = await seedRollout(base.db, other, now, { phases: whole });
    const others = [1, 2, 3].map(() => openDatabase(base.url, log));
    const pools = [base.db, ...others];
    try {
      const asks = [...ids, ...ids, ...ids, ...ids].map((deviceId, i) => {
        const rolloutId = i % 3 === 0 ? second.id : rollout.id;
        return admitDevice(pools[i % pools.length] ?? base.db, { rolloutId, deviceId, now }, 5);
      });
      await Promise.all(asks);
      expect(await offered()).toBe(5);
    } finally {
      await Promise.all(others.map(db => db.destroy()));
    }
  });
});
