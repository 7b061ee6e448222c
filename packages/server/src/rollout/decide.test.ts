import { UPDATE_STATES } from '@tidegate/protocol';
import { cohort } from '@tidegate/protocol/cohort';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seedId } from '../testing/seed.ts';
import { decide, type KnownAttempt, type Situation } from './decide.ts';
import { compileFilter } from './filter.ts';
import type { RunningRollout } from './running-rollout.ts';

const now = new Date('2026-01-01T00:00:00Z');

function rollout(more: Partial<RunningRollout> = {}): RunningRollout {
  return {
    id: seedId('a'),
    state: 'running',
    target: 'gw/stable/app/1.2.0/app.tar',
    product: 'gw',
    channel: 'stable',
    component: 'app',
    counter: 2,
    minFromCounter: 0,
    class: 'feature',
    hardware: ['gw-a'],
    salt: '0'.repeat(32),
    openPhase: 0,
    openShare: 10_000,
    openDevices: undefined,
    shareBefore: 0,
    devicesBefore: 0,
    openedAt: now,
    pace: {},
    isAdmitting: false,
    window: null,
    closedSeconds: 0,
    urgent: false,
    notBefore: now,
    pollDuringUpdateSeconds: 120,
    createdAt: now,
    matches: () => true,
    ...more,
  };
}

function situation(more: Partial<Situation> = {}): Situation {
  return {
    device: {
      id: seedId('device'),
      product: 'gw',
      channel: 'stable',
      hardware: 'gw-a',
      components: [{ component: 'app', version: '1.1.0', counter: 1 }],
      attributes: {},
      canary: false,
      tags: [],
      group: null,
      lastCheckIn: now,
    },
    attempts: new Map(),
    rollouts: [rollout()],
    stopped: new Set(),
    workingOn: undefined,
    now,
    ...more,
  };
}

const offered = (s: Situation) => decide(s).offer?.rollout.id;
const attempt = (state: KnownAttempt['state'], ended = false): KnownAttempt => ({ attempt: 1, state, ended });
const at = (...entries: [string, KnownAttempt][]) => new Map(entries);

describe('an offer', () => {
  it('is made to exactly those whose cohort lies below the open share', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 10_000 }), (n, openShare) => {
        const device = { ...situation().device, id: seedId(n) };
        const s = situation({ device, rollouts: [rollout({ openShare })] });
        expect(offered(s) !== undefined).toBe(cohort('0'.repeat(32), device.id) < openShare);
      }),
    );
  });

  it.each<[string, Partial<RunningRollout>]>([
    ['for other hardware', { hardware: ['gw-b'] }],
    ['of another product', { product: 'lamp' }],
    ['of another channel', { channel: 'beta' }],
    ['that the device already runs', { counter: 1 }],
    ['before its time', { notBefore: new Date(now.getTime() + 1) }],
    ['that the filter does not mean', { matches: compileFilter('site==x') }],
  ])('is not made %s', (_, more) => {
    expect(offered(situation({ rollouts: [rollout(more)] }))).toBeUndefined();
  });

  it('stays with a device that it was made to, whatever its attributes and the open share become', () => {
    const narrow = rollout({ matches: () => false, openShare: 0 });
    expect(offered(situation({ rollouts: [narrow], attempts: at([narrow.id, attempt('trial')]) }))).toBe(narrow.id);
  });

  it('is never made again after it ended', () => {
    fc.assert(
      fc.property(fc.constantFrom(...UPDATE_STATES), state => {
        expect(offered(situation({ attempts: at([seedId('a'), attempt(state, true)]) }))).toBeUndefined();
      }),
    );
  });

  it('is the security release before others, then the older, then what is still to be proven', () => {
    const older = rollout({ id: seedId('older'), createdAt: new Date(0) });
    const security = rollout({ id: seedId('security'), class: 'security', counter: 3 });
    const done = rollout({ id: seedId('done'), state: 'completed', counter: 9, createdAt: new Date(0) });
    expect(offered(situation({ rollouts: [done, rollout(), older, security] }))).toBe(security.id);
    expect(offered(situation({ rollouts: [done, rollout(), older] }))).toBe(older.id);
    expect(offered(situation({ rollouts: [done] }))).toBe(done.id);
  });

  it('comes to canaries in the first phase, wherever their cohort lies, but only where the filter means them', () => {
    fc.assert(
      fc.property(fc.nat(100_000), n => {
        const device = { ...situation().device, id: seedId(n), canary: true };
        expect(offered(situation({ device, rollouts: [rollout({ openShare: 1 })] }))).toBe(rollout().id);
        const others = rollout({ openShare: 1, matches: () => false });
        expect(offered(situation({ device, rollouts: [others] }))).toBeUndefined();
      }),
    );
  });

  it('is the same whatever order the rollouts come in', () => {
    const all = ['p', 'q', 'r', 's'].map((id, i) =>
      rollout({ id: seedId(id), class: i % 2 ? 'security' : 'feature', counter: i + 2 }),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: 4 }), rollouts => {
        expect(offered(situation({ rollouts }))).toBe(offered(situation({ rollouts: all })));
      }),
    );
  });
});

describe('a security release', () => {
  const feature = rollout({ counter: 2 });
  const security = rollout({ id: seedId('security'), class: 'security', counter: 3 });
  const working = (state: KnownAttempt['state']) =>
    situation({ rollouts: [feature, security], attempts: at([feature.id, attempt(state)]), workingOn: feature.id });

  it('takes over from an update that has not begun, and stops it', () => {
    const { offer, stop } = decide(working('downloading'));
    expect(offer?.rollout.id).toBe(security.id);
    expect(stop).toEqual([feature.id]);
  });

  it('is taken over itself by an urgent one, and by nothing else', () => {
    const urgent = rollout({ id: seedId('urgent'), class: 'security', urgent: true, counter: 4 });
    const attempts = at([security.id, attempt('downloading')]);
    const more = { attempts, workingOn: security.id };
    expect(decide(situation({ ...more, rollouts: [security, urgent] }))).toMatchObject({
      offer: { rollout: urgent },
      stop: [security.id],
    });
    const newer = rollout({ id: seedId('newer'), class: 'security', counter: 5 });
    expect(decide(situation({ ...more, rollouts: [security, newer] }))).toMatchObject({
      offer: { rollout: security },
      stop: [],
    });
  });

  it('leaves an update alone that has begun', () => {
    const { offer, stop } = decide(working('activating'));
    expect(offer?.rollout.id).toBe(feature.id);
    expect(stop).toEqual([]);
  });
});

describe('a stop', () => {
  it('is told to a device at work on a rollout that was stopped, and to no other', () => {
    const stopped = new Set([seedId('stopped')]);
    const stopFor = (workingOn: string | undefined) => decide(situation({ rollouts: [], stopped, workingOn })).stop;
    expect(stopFor(seedId('stopped'))).toEqual([seedId('stopped')]);
    expect(stopFor(seedId('another'))).toEqual([]);
    expect(stopFor(undefined)).toEqual([]);
  });
});
