import { type Report, UPDATE_STATES } from '@tidegate/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countsOfRollouts, totalCounts } from '../rollout/counts-store.ts';
import { placeOffer } from '../rollout/offer-store.ts';
import { retryRollout } from '../rollout/rollout-retry.ts';
import type { RolloutRow } from '../rollout/rollout-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { keepPartitions } from './partition-store.ts';
import { storeReports } from './report-store.ts';
import { addCounts, countsOf, NO_COUNTS } from './transition.ts';

const now = new Date('2026-01-01T00:00:00Z');
const DEVICES = 3;
let base: FreshDatabase;
let rollout: RolloutRow;
let devices: string[];

beforeAll(async () => {
  base = await freshDatabase();
  devices = await seedRelease(base.db, 2).then(async release => {
    const ids = await seedDevices(base.db, DEVICES, now);
    rollout = await seedRollout(base.db, release, now);
    return ids;
  });
});
afterAll(() => base.drop());
beforeEach(forgetAll);

async function forgetAll(): Promise<void> {
  for (const table of ['reports', 'attempts', 'rollout_counts'] as const) await base.db.deleteFrom(table).execute();
  for (const deviceId of devices) await placeOffer(base.db, { rolloutId: rollout.id, deviceId, now });
}

function report(name: string | number, more: Partial<Report>): Report {
  return {
    id: seedId(name),
    rolloutId: rollout.id,
    attempt: 1,
    counter: rollout.counter,
    sha256: rollout.sha256,
    state: 'verified',
    at: '2026-01-01T00:00:00Z',
    ...more,
  };
}

async function counted() {
  return totalCounts((await countsOfRollouts(base.db, [rollout.id])).get(rollout.id) ?? new Map());
}

async function recounted() {
  const rows = await base.db.selectFrom('attempts').selectAll().where('rollout_id', '=', rollout.id).execute();
  return rows
    .filter(r => !r.superseded)
    .map(countsOf)
    .reduce((a, b) => addCounts(a, b), NO_COUNTS);
}

describe('reports', () => {
  it("count as the rollout's gate weighs their codes", async () => {
    const { gate } = rollout;
    const weights = { 'disk-full': 'counts', 'slot-mismatch': 'neutral' } as const;
    await base.db
      .updateTable('rollouts')
      .set({ gate: JSON.stringify({ ...gate, weights }) })
      .execute();
    const [a = '', b = '', c = ''] = devices;
    await storeReports(base.db, a, [report('a', { state: 'failed', code: 'disk-full' })], now);
    await storeReports(base.db, b, [report('b', { state: 'failed', code: 'slot-mismatch' })], now);
    await storeReports(base.db, c, [report('c', { state: 'failed', code: 'network' })], now);
    await base.db
      .updateTable('rollouts')
      .set({ gate: JSON.stringify(gate) })
      .execute();
    expect(await counted()).toMatchObject({ failed: 1, neutral: 2 });
  });

  it('count once, however often they come', async () => {
    const batch = [report('r', {})];
    for (let i = 0; i < 3; i += 1) {
      expect((await storeReports(base.db, devices[0] ?? '', batch, now)).acknowledged).toEqual([seedId('r')]);
    }
    expect(await counted()).toMatchObject({ offered: DEVICES, begun: 1, verified: 1 });
  });

  it('leave counters that equal a recount: in any order, with any repetition, any batches at once, amid retries', async () => {
    const one = fc.record({
      device: fc.nat(DEVICES - 1),
      id: fc.nat(12),
      state: fc.constantFrom(...UPDATE_STATES),
      code: fc.constantFrom('health-failed', 'network', 'metadata-signature', 'artifact-hash'),
      sources: fc.constantFrom(1, 2),
      right: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(one, { minLength: 1, maxLength: 6 }), { maxLength: 6 }), async batches => {
        await forgetAll();
        await Promise.all([
          retryRollout(base.db, rollout.id, undefined, { by: 'tester', now }),
          ...batches.map((batch, b) =>
            storeReports(
              base.db,
              devices[batch[0]?.device ?? 0] ?? '',
              batch.map(r =>
                report(r.id, {
                  state: r.state,
                  code: r.code,
                  sources: r.sources,
                  ...(r.right ? {} : { sha256: seedId(b).repeat(2) }),
                }),
              ),
              now,
            ),
          ),
        ]);
        expect(await counted()).toEqual(await recounted());
        await retryRollout(base.db, rollout.id, undefined, { by: 'tester', now });
        expect(await counted()).toEqual(await recounted());
      }),
      { numRuns: 40 },
    );
  });

  it('are known again a week later, whatever became of the day on which they came', async () => {
    const day = (days: number) => new Date(now.getTime() + days * 86_400_000);
    const batch = [report('r', {}), report('r', {})];
    for (const days of [0, 1, 6.9]) {
      expect((await storeReports(base.db, devices[0] ?? '', batch, day(days))).fresh).toHaveLength(days === 0 ? 1 : 0);
      await keepPartitions(base.db, day(days), 90);
    }
    expect(await base.db.selectFrom('reports').selectAll().execute()).toHaveLength(1);
    // Beyond that a copy is a row more in the device's history; counters rise by what an attempt makes of it: nothing.
    await storeReports(base.db, devices[0] ?? '', batch, day(20));
    expect(await base.db.selectFrom('reports').selectAll().execute()).toHaveLength(2);
    expect(await counted()).toEqual(await recounted());
    expect(await counted()).toMatchObject({ begun: 1, verified: 1 });
  });

  it('from the future are dated to when they came; out of order they stand in the order of their clocks', async () => {
    const at = (time: string, name: string) => report(name, { at: time });
    const batch = [
      at('9999-01-01T00:00:00Z', 'future'),
      at('2025-12-31T00:00:00Z', 'b'),
      at('2025-12-30T00:00:00Z', 'a'),
    ];
    await storeReports(base.db, devices[0] ?? '', batch, now);
    const rows = await base.db.selectFrom('reports').select('device_time').orderBy('device_time').execute();
    expect(rows.map(r => r.device_time)).toEqual([new Date('2025-12-30'), new Date('2025-12-31'), now]);
  });

  it('do not prove a release by another hash', async () => {
    await storeReports(base.db, devices[0] ?? '', [report('r', { sha256: 'f'.repeat(64) })], now);
    expect(await counted()).toMatchObject({ verified: 0, failed: 1 });
  });

  it('never move an attempt back', async () => {
    await storeReports(base.db, devices[0] ?? '', [report('a', {}), report('b', { state: 'downloading' })], now);
    await storeReports(base.db, devices[0] ?? '', [report('c', { state: 'failed', code: 'health-failed' })], now);
    expect(await counted()).toMatchObject({ verified: 1, failed: 0 });
  });

  it('of a rollout that nobody knows are kept and acknowledged', async () => {
    const stranger = report('s', { rolloutId: seedId('unknown') });
    expect((await storeReports(base.db, devices[0] ?? '', [stranger], now)).acknowledged).toEqual([seedId('s')]);
    expect(await base.db.selectFrom('reports').selectAll().execute()).toHaveLength(1);
  });

  it('with texts or times that the database cannot hold are stored all the same', async () => {
    const odd = report('o', { detail: 'a\0b\ud800', at: '2026-99-99T99:99:99Z' });
    expect((await storeReports(base.db, devices[0] ?? '', [odd], now)).acknowledged).toHaveLength(1);
  });

  it.each([
    ['the far future', '9999-12-31T23:59:59.999Z', now.toISOString()],
    ['a clock that was never set', '1970-01-01T00:00:01Z', '1970-01-01T00:00:01.000Z'],
    ['before any clock', '0000-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['a day that does not exist', '2026-99-99T99:99:99Z', now.toISOString()],
  ])("from %s are stored, and move attempts at the server's time", async (_what, at, stored) => {
    const answer = await storeReports(base.db, devices[0] ?? '', [report('t', { state: 'installing', at })], now);
    expect(answer).toMatchObject({ acknowledged: [seedId('t')], attemptsChanged: true });
    expect(await base.db.selectFrom('reports').select(['device_time', 'received_at']).execute()).toEqual([
      { device_time: new Date(stored), received_at: now },
    ]);
    const moved = base.db
      .selectFrom('attempts')
      .select(['state', 'changed_at'])
      .where('device_id', '=', devices[0] ?? '');
    expect(await moved.execute()).toEqual([{ state: 'installing', changed_at: now }]);
  });

  it('are ordered by their states, never by what the device says of its time', async () => {
    const early = report('e', { state: 'trial', at: '1999-01-01T00:00:00Z' });
    const late = report('l', { state: 'downloading', at: '2099-01-01T00:00:00Z' });
    for (const one of [early, late]) await storeReports(base.db, devices[0] ?? '', [one], now);
    const { state } = await base.db
      .selectFrom('attempts')
      .select('state')
      .where('device_id', '=', devices[0] ?? '')
      .executeTakeFirstOrThrow();
    expect(state).toBe('trial');
  });

  it('take a bad mirror as neutral, and the same bytes from two sources as an alarm', async () => {
    const refusal = { state: 'failed', code: 'artifact-hash' } as const;
    await storeReports(base.db, devices[0] ?? '', [report('m', { ...refusal, sources: 1 })], now);
    await storeReports(base.db, devices[1] ?? '', [report('n', { ...refusal, sources: 2 })], now);
    expect(await counted()).toMatchObject({ neutral: 1, refused: 1, failed: 0, begun: 0 });
  });
});
