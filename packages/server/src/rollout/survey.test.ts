import type { RolloutRequest } from '@tidegate/protocol';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { placeOffer } from './offer-store.ts';
import { type RunningRollout, runningRollout } from './running-rollout.ts';
import { PAGES_PER_TICK, type SurveyRequest, surveyRollout } from './survey.ts';

const START = new Date('2026-01-01T00:00:00Z');
const PER_TICK = PAGES_PER_TICK * 1000;
let base: FreshDatabase;

beforeEach(async () => {
  base = await freshDatabase();
  await seedDevices(base.db, 1, START);
});
afterEach(() => base.drop());

/** More devices than a tick looks at; `site` is `last` for the one with the greatest id, `first` for the rest. */
async function largeFleet(count: number): Promise<string> {
  await sql`
    insert into devices (id, product, public_key, hardware, channel, components, attributes, enrolled_by, last_seen_at)
    select lpad(to_hex(i), 32, '0'), 'gw', int4send(i::int), 'gw-a', 'stable', '[]',
      jsonb_build_object('site', case when i = ${count} then 'last' else 'first' end), 'claim-token', ${START}
    from generate_series(1, ${count}) as i`.execute(base.db);
  await sql`delete from devices where attributes = '{}'`.execute(base.db);
  return count.toString(16).padStart(32, '0');
}

async function rolloutTo(more: Partial<RolloutRequest>): Promise<RunningRollout> {
  return runningRollout(await seedRollout(base.db, await seedRelease(base.db, 2), START, more));
}

function survey(rollout: RunningRollout, more: Partial<SurveyRequest> = {}) {
  const times = { openedAt: START, silenceSeconds: 3600, pollSeconds: 60, now: START };
  return surveyRollout(base.db, { rollout, ...times, deaf: [], outcomes: 0, cap: 3, ...more });
}

const whole = [{ basisPoints: 10_000 }];

describe('a survey', () => {
  it('looks at a bounded number of devices, and goes on where it ended until it has seen all', async () => {
    await largeFleet(PER_TICK + 5);
    const rollout = await rolloutTo({ phases: whole, filter: 'site==nowhere' });
    expect(await survey(rollout)).toEqual({ waitingInPhase: 0, waiting: 0, moreBeyond: false, complete: false });
    expect(await survey(rollout)).toEqual({ waitingInPhase: 0, waiting: 0, moreBeyond: false, complete: true });
    expect(await survey(rollout)).toMatchObject({ complete: false });
  });

  it('counts no more devices as due than the phase has places for; the others lie beyond', async () => {
    await largeFleet(5);
    const rollout = await rolloutTo({ phases: [{ devices: 2 }, { basisPoints: 10_000 }] });
    const left = (placesLeft: number) => survey(rollout, { placesLeft, cap: 10 });
    expect(await left(2)).toMatchObject({ waitingInPhase: 2, moreBeyond: true, complete: true });
    expect(await left(0)).toMatchObject({ waitingInPhase: 0, moreBeyond: true, complete: true });
    expect(await left(9)).toMatchObject({ waitingInPhase: 5, moreBeyond: false, complete: true });
  });

  it('finds the one device that is due at the far end of a large fleet, until it is offered', async () => {
    const deviceId = await largeFleet(PER_TICK + 5);
    const rollout = await rolloutTo({ phases: whole, filter: 'site==last' });
    expect(await survey(rollout)).toMatchObject({ complete: false });
    expect(await survey(rollout)).toEqual({ waitingInPhase: 1, waiting: 1, moreBeyond: false, complete: true });
    await placeOffer(base.db, { rolloutId: rollout.id, deviceId, now: START });
    await base.db.updateTable('attempts').set({ outcome: 'verified', state: 'verified' }).execute();
    expect(await survey(rollout, { outcomes: 1 })).toMatchObject({ complete: false });
    expect(await survey(rollout, { outcomes: 1 })).toMatchObject({ waiting: 0, complete: true });
  });

  it('is not complete where a device was due at an earlier tick: it may have been offered since', async () => {
    await largeFleet(PER_TICK + 5);
    await sql`update devices set attributes = '{"site":"early"}' where id like '%0001'`.execute(base.db);
    const rollout = await rolloutTo({ phases: whole, filter: 'site==early' });
    for (const _ of [1, 2]) expect(await survey(rollout)).toMatchObject({ complete: false });
  });

  it('ends as soon as it knows: enough that are due, or, once none is waited for, one beyond the share', async () => {
    await largeFleet(PER_TICK + 5);
    const rollout = await rolloutTo({ phases: [{ basisPoints: 5000 }, ...whole] });
    const known = await survey(rollout);
    expect(known).toMatchObject({ moreBeyond: true, complete: true });
    expect(known.waiting).toBeGreaterThanOrEqual(3);
    const later = new Date(START.getTime() + 2 * 3_600_000);
    await base.db.updateTable('devices').set({ last_seen_at: later }).execute();
    const old = await survey(rollout, { now: later });
    expect(old).toEqual({ waitingInPhase: 0, waiting: 0, moreBeyond: true, complete: true });
  });

  it('begins anew when the phase is opened anew', async () => {
    await largeFleet(PER_TICK + 5);
    const rollout = await rolloutTo({ phases: whole, filter: 'site==nowhere' });
    await survey(rollout);
    const openedAt = new Date(START.getTime() + 1000);
    expect(await survey(rollout, { openedAt })).toMatchObject({ complete: false });
    expect(await survey(rollout, { openedAt })).toMatchObject({ complete: true });
  });

  it('waits for devices that the window keeps waiting, and not for those that their owners keep waiting beyond it', async () => {
    const window = [{ days: ['sun' as const], from: '02:00', to: '05:00' }];
    const deviceId = seedId('device 0');
    const rollout = await rolloutTo({ phases: [{ basisPoints: 5000 }, ...whole], window });
    await placeOffer(base.db, { rolloutId: rollout.id, deviceId, now: START });
    const after = async (days: number) => {
      const now = new Date(START.getTime() + days * 86_400_000);
      await base.db.updateTable('devices').set({ last_seen_at: now }).execute();
      return (await survey(rollout, { now })).waitingInPhase;
    };
    expect([await after(1), await after(6.8), await after(7)]).toEqual([1, 1, 0]);
  });
});
