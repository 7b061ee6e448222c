import type { Gate } from '@tidegate/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { storeReports } from '../reports/report-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { countsOfRollouts, totalCounts } from './counts-store.ts';
import { openDeviceMemory } from './device-memory.ts';
import { tickGates } from './gate-tick.ts';
import { placeOffer } from './offer-store.ts';
import { findRollout, type RolloutRow } from './rollout-store.ts';
import { rolloutViews } from './rollout-view.ts';

const START = new Date('2026-01-01T00:00:00Z').getTime();
let base: FreshDatabase;
let now: number;
const clock: Clock = { now: () => new Date(now) };
const deps = () => ({ db: base.db, clock, log: pino({ level: 'silent' }), pace: { intervalSeconds: () => 60 } });

beforeEach(async () => {
  now = START;
  base = await freshDatabase();
});
afterEach(() => base.drop());

const rows = { small: [{ basisPoints: 1 }, { basisPoints: 10_000 }], whole: [{ basisPoints: 10_000 }] };

async function begin(phases: { basisPoints: number }[], devices: number, gate: Partial<Gate> = {}) {
  const release = await seedRelease(base.db, 2);
  const ids = await seedDevices(base.db, devices, clock.now());
  const rollout = await seedRollout(base.db, release, clock.now(), { phases, gate });
  return { ids, rollout };
}

async function offerAndReport(rollout: RolloutRow, deviceId: string, state: 'verified' | 'rolledBack' | 'activating') {
  await placeOffer(base.db, { rolloutId: rollout.id, deviceId, now: clock.now() });
  const { counter, sha256 } = rollout;
  const report = { id: seedId(`${deviceId} ${state}`), rolloutId: rollout.id, attempt: 1, counter, sha256, state };
  await storeReports(base.db, deviceId, [{ ...report, at: '2026-01-01T00:00:00Z' }], clock.now());
}

/** Time that passes while the gates are looked at. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 100) {
    now += Math.min(left, 100) * 1000;
    await tickGates(deps());
  }
}

async function seen(ids: readonly string[]): Promise<void> {
  await base.db.updateTable('devices').set({ last_seen_at: clock.now() }).where('id', 'in', ids).execute();
}

async function viewOf(rollout: RolloutRow) {
  const row = await findRollout(base.db, rollout.id);
  const [view] = await rolloutViews(base.db, row ? [row] : []);
  if (!view) throw new Error('the rollout is gone');
  return view;
}

describe('a tick of the gates', () => {
  it('merges a phase without devices with the next, and completes when all have verified', async () => {
    const { ids, rollout } = await begin(rows.small, 4);
    await tickGates(deps());
    expect((await viewOf(rollout)).openPhase).toBe(1);
    for (const id of ids) await offerAndReport(rollout, id, 'verified');
    await tickGates(deps());
    const view = await viewOf(rollout);
    expect(view).toMatchObject({ state: 'completed', counts: { offered: 4, verified: 4 } });
    expect(view.decisions.map(d => d.action)).toEqual(['advance', 'complete']);
  });

  it('opens nothing while no device is in sight', async () => {
    const { rollout } = await begin(rows.small, 0);
    await tickGates(deps());
    expect(await viewOf(rollout)).toMatchObject({ state: 'running', openPhase: 0 });
  });

  it('halts a release that fails', async () => {
    const { ids, rollout } = await begin(rows.whole, 10);
    for (const id of ids.slice(0, 3)) await offerAndReport(rollout, id, 'rolledBack');
    await tickGates(deps());
    expect(await viewOf(rollout)).toMatchObject({ state: 'halted', counts: { failed: 3, rolledBack: 3 } });
  });

  it('goes on watching a completed rollout, and halts it when devices that come later fail', async () => {
    const { ids, rollout } = await begin(rows.whole, 1);
    await offerAndReport(rollout, ids[0] ?? '', 'verified');
    await tickGates(deps());
    expect((await viewOf(rollout)).state).toBe('completed');
    for (const i of [1, 2, 3]) {
      const id = seedId(`late ${i}`);
      await base.db
        .insertInto('devices')
        .values({
          id,
          product: 'gw',
          public_key: Buffer.from(id),
          components: '[]',
          attributes: '{}',
          enrolled_by: 'claim-token',
        })
        .execute();
      await offerAndReport(rollout, id, 'rolledBack');
    }
    await tickGates(deps());
    expect((await viewOf(rollout)).state).toBe('halted');
  });

  it('no longer judges a completed rollout that a newer one has replaced', async () => {
    const { ids, rollout } = await begin(rows.whole, 3);
    await base.db.updateTable('rollouts').set({ state: 'completed' }).execute();
    await seedRollout(base.db, await seedRelease(base.db, 3), clock.now());
    await base.db.updateTable('rollouts').set({ state: 'completed' }).execute();
    for (const id of ids) await offerAndReport(rollout, id, 'rolledBack');
    await tickGates(deps());
    expect((await viewOf(rollout)).state).toBe('completed');
  });

  it('counts a device that began and fell silent as failed, once', async () => {
    const { ids, rollout } = await begin(rows.whole, 1);
    await offerAndReport(rollout, ids[0] ?? '', 'activating');
    await tickGates(deps());
    expect((await viewOf(rollout)).counts).toMatchObject({ begun: 1, failed: 0 });
    now += 61_000;
    await tickGates(deps());
    await tickGates(deps());
    expect(await viewOf(rollout)).toMatchObject({ state: 'halted', counts: { begun: 1, failed: 1 } });
  });

  it('decides once when many tick at the same time', async () => {
    const { ids, rollout } = await begin([{ basisPoints: 5000 }, { basisPoints: 10_000 }], 6);
    for (const id of ids.slice(0, 4)) await offerAndReport(rollout, id, 'verified');
    await Promise.all(Array.from({ length: 8 }, () => tickGates(deps())));
    const view = await viewOf(rollout);
    expect(view.openPhase).toBe(1);
    expect(view.decisions.filter(d => d.action === 'advance')).toHaveLength(1);
    const counts = (await countsOfRollouts(base.db, [rollout.id])).get(rollout.id) ?? new Map();
    expect(totalCounts(counts)).toMatchObject({ offered: 4, verified: 4 });
  });

  it('stores a hold once, not at every tick', async () => {
    const { rollout } = await begin(rows.whole, 2);
    for (let i = 0; i < 3; i += 1) await tickGates(deps());
    expect((await viewOf(rollout)).decisions).toHaveLength(1);
  });

  it('halts a rollout whose release was taken out of the signed lists', async () => {
    const { rollout } = await begin(rows.whole, 2);
    await base.db.updateTable('releases').set({ withdrawn_at: clock.now() }).execute();
    await tickGates(deps());
    expect((await viewOf(rollout)).state).toBe('halted');
  });
});

const DAY_MS = 86_400_000;

describe('a time in which the server could not hear', () => {
  it('makes nobody silent, whichever process looks first, until the devices had the time to come back', async () => {
    const { ids, rollout } = await begin(rows.whole, 2);
    for (const id of ids) await offerAndReport(rollout, id, 'activating');
    await tickGates(deps());
    now += 3 * DAY_MS;
    await Promise.all([tickGates(deps()), tickGates(deps(), new Set([rollout.id]))]);
    expect((await viewOf(rollout)).counts).toMatchObject({ begun: 2, failed: 0 });
    await pass(3600);
    await offerAndReport(rollout, ids[0] ?? '', 'verified');
    expect((await viewOf(rollout)).counts).toMatchObject({ verified: 1, failed: 0 });
    await pass(200);
    expect((await viewOf(rollout)).counts).toMatchObject({ verified: 1, failed: 1 });
  });

  it('lets what a device said meanwhile to another process be written before its silence counts', async () => {
    const { ids, rollout } = await begin(rows.whole, 1);
    const [id = ''] = ids;
    await offerAndReport(rollout, id, 'activating');
    await tickGates(deps());
    const other = openDeviceMemory(deps());
    now += 3 * DAY_MS - 10_000;
    const facts = {
      id,
      product: 'gw',
      channel: 'stable',
      hardware: 'gw-a',
      components: [],
      attributes: {},
      canary: false,
    };
    const update = { rolloutId: rollout.id, attempt: 1, state: 'trial' as const };
    now += 10_000;
    await tickGates(deps());
    other.note({ facts, at: new Date(now - 10_000), update, bootId: seedId('boot'), text: 'in its trial' });
    await other.close();
    await pass(3600);
    expect((await viewOf(rollout)).counts).toMatchObject({ begun: 1, failed: 0 });
  });

  it('is no soak, and makes no device that is due unseen', async () => {
    const { ids, rollout } = await begin([{ basisPoints: 9_999 }, { basisPoints: 10_000 }], 3, { soakSeconds: 600 });
    for (const id of ids.slice(0, 2)) await offerAndReport(rollout, id, 'verified');
    await pass(300);
    now += 3 * DAY_MS;
    await tickGates(deps());
    expect(await viewOf(rollout)).toMatchObject({ openPhase: 0, counts: { verified: 2 } });
    expect((await viewOf(rollout)).decisions.at(-1)).toMatchObject({ action: 'hold' });
  });
});

describe("the database's clock", () => {
  it('makes nobody silent and soaks nothing where it is set forward by an hour', async () => {
    const { ids, rollout } = await begin(rows.whole, 4, { soakSeconds: 1800 });
    await offerAndReport(rollout, ids[0] ?? '', 'activating');
    for (const id of ids.slice(1)) await offerAndReport(rollout, id, 'verified');
    await tickGates(deps());
    now += 3_600_000;
    await pass(100);
    expect(await viewOf(rollout)).toMatchObject({ state: 'running', counts: { begun: 4, failed: 0 } });
  });

  it('makes nobody silent where it is set back, and the gate goes on once it has caught up', async () => {
    const { ids, rollout } = await begin(rows.whole, 1);
    now += 100_000;
    await offerAndReport(rollout, ids[0] ?? '', 'activating');
    await tickGates(deps());
    now -= 100_000;
    await pass(150);
    expect((await viewOf(rollout)).counts).toMatchObject({ begun: 1, failed: 0 });
    await pass(100);
    expect((await viewOf(rollout)).counts).toMatchObject({ begun: 1, failed: 1 });
  });
});

describe('devices that verified and are not heard of any more', () => {
  const halves = [{ basisPoints: 5000 }, { basisPoints: 10_000 }];

  async function verifiedThenGone(devices: number) {
    const { ids, rollout } = await begin(halves, devices, { soakSeconds: 600, silenceSeconds: 600 });
    const verified = ids.slice(0, 8);
    for (const id of verified) await offerAndReport(rollout, id, 'verified');
    await tickGates(deps());
    return { rollout, gone: verified.slice(0, 5), verified, others: ids.slice(8) };
  }

  it('keep the next phase shut where those without the release are there, until they come back', async () => {
    const { rollout, gone, verified, others } = await verifiedThenGone(30);
    for (let minute = 0; minute < 11; minute += 1) {
      await seen([...verified.filter(id => !gone.includes(id)), ...others]);
      await pass(60);
    }
    const held = await viewOf(rollout);
    expect(held).toMatchObject({ state: 'running', openPhase: 0, counts: { verified: 8, failed: 0 } });
    expect(held.decisions.at(-1)).toMatchObject({
      action: 'hold',
      reason: expect.stringContaining('5 of 8 devices that verified are not heard of any more') as string,
    });
    await seen(gone);
    await tickGates(deps());
    expect(await viewOf(rollout)).toMatchObject({ openPhase: 1 });
  });

  it('keep nothing shut where as many of the others are switched off', async () => {
    const { rollout, verified, gone, others } = await verifiedThenGone(30);
    now += 30_000;
    await seen(others);
    const awake = [...verified.filter(id => !gone.includes(id)), ...others.slice(0, 8)];
    for (let minute = 0; minute < 11; minute += 1) {
      await seen(awake);
      await pass(60);
    }
    expect(await viewOf(rollout)).toMatchObject({ openPhase: 1 });
  });
});
