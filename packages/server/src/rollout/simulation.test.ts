import { createHash } from 'node:crypto';
import { DEFAULT_GATE, type Gate } from '@tidegate/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addCounts, type AttemptState, countsOf, NO_COUNTS, transition, type Word } from '../reports/transition.ts';
import { decide } from './decide.ts';
import type { DeviceFacts } from './device-facts.ts';
import { fits, inOpenShare } from './eligible.ts';
import { decideGate, type GateInput, type GateVerdict, lookOf, type Survey } from './gate.ts';
import type { RunningRollout } from './running-rollout.ts';
import { dueLook } from './looks.ts';

/** How a device takes the release. `lost` falls silent after it began, `postpones` never begins. */
type Nature = 'good' | 'bad' | 'neutral' | 'lost' | 'postpones' | 'off';

interface SimDevice {
  facts: DeviceFacts;
  readonly nature: Nature;
  attempt?: AttemptState & { readonly phase: number };
  changedAt: number;
}

const GATE: Gate = { ...DEFAULT_GATE, soakSeconds: 2, silenceSeconds: 20 };
const PHASES = [1000, 5000, 10_000];

const WORDS: Record<Nature, Word[]> = {
  good: [word('downloading'), word('activating'), word('trial'), word('verified')],
  bad: [word('downloading'), word('activating'), word('trial'), { ...word('rolledBack'), code: 'health-failed' }],
  neutral: [word('downloading'), { ...word('failed'), code: 'disk-full' }],
  lost: [word('downloading'), word('activating')],
  postpones: [word('downloading')],
  off: [],
};

function word(state: Word['state']): Word {
  return { state, proven: true };
}

function simulate(natures: readonly Nature[], salt: string) {
  const devices: SimDevice[] = natures.map((nature, i) => ({
    nature,
    changedAt: 0,
    facts: {
      id: createHash('md5').update(`${salt}/${i}`).digest('hex'),
      product: 'gw',
      channel: 'stable',
      hardware: 'gw-a',
      components: [{ component: 'app', version: '1.0.0', counter: 1 }],
      attributes: {},
      canary: false,
      tags: [],
      group: null,
      lastCheckIn: null,
    },
  }));
  let openPhase = 0;
  let openedAt = 0;
  let looked = { phase: 0, total: 0 };
  let verdict: GateVerdict = { action: 'hold', kind: 'waiting', reason: '' };
  let state: RunningRollout['state'] = 'running';

  for (let now = 1; now < 1000 && state === 'running'; now += 1) {
    const rollout = simRollout(salt, openPhase);
    for (const device of devices) step(device, rollout, now);
    for (const device of devices) silence(device, now);
    const phase = count(devices, openPhase);
    const total = count(devices);
    const input: GateInput = {
      gate: GATE,
      state,
      class: 'feature',
      withdrawn: false,
      phases: { open: openPhase, count: PHASES.length },
      needsApproval: false,
      phase,
      total,
      looked,
      survey: survey(devices, rollout, now),
      openedAt: new Date(openedAt * 1000),
      deafSeconds: 0,
      now: new Date(now * 1000),
    };
    verdict = decideGate(input);
    looked = { phase: lookOf(input, 'phase') ?? looked.phase, total: lookOf(input, 'total') ?? looked.total };
    if (verdict.action === 'advance') {
      openPhase += 1;
      openedAt = now;
      looked = { ...looked, phase: 0 };
    }
    if (verdict.action === 'halt') state = 'halted';
    if (verdict.action === 'complete') state = 'completed';
  }
  return { state, verdict, devices, openPhase };
}

function simRollout(salt: string, openPhase: number): RunningRollout {
  return {
    id: 'r',
    state: 'running',
    target: 'gw/stable/app/2.0.0/app.tar',
    product: 'gw',
    channel: 'stable',
    component: 'app',
    counter: 2,
    minFromCounter: 0,
    class: 'feature',
    hardware: ['gw-a'],
    salt,
    openPhase,
    openShare: PHASES[openPhase] ?? 0,
    openDevices: undefined,
    shareBefore: PHASES[openPhase - 1] ?? 0,
    devicesBefore: 0,
    openedAt: new Date(0),
    pace: {},
    isAdmitting: false,
    window: null,
    closedSeconds: 0,
    urgent: false,
    notBefore: new Date(0),
    pollDuringUpdateSeconds: 1,
    createdAt: new Date(0),
    matches: () => true,
  };
}

function step(device: SimDevice, rollout: RunningRollout, now: number): void {
  if (device.nature === 'off') return;
  const { attempt } = device;
  if (!attempt) {
    const { offer } = decide({
      device: device.facts,
      attempts: new Map(),
      rollouts: [rollout],
      stopped: new Set(),
      workingOn: undefined,
      now: new Date(now * 1000),
    });
    if (offer) update(device, { state: 'offered', code: null, begun: false, outcome: null }, rollout.openPhase, now);
    return;
  }
  for (const next of WORDS[device.nature]) {
    const after = transition(attempt, next);
    if (after) return update(device, after, attempt.phase, now);
  }
}

function update(device: SimDevice, after: AttemptState, phase: number, now: number): void {
  device.attempt = { ...after, phase };
  device.changedAt = now;
  if (after.outcome === 'verified') {
    device.facts = { ...device.facts, components: [{ component: 'app', version: '2.0.0', counter: 2 }] };
  }
}

function silence(device: SimDevice, now: number): void {
  const { attempt } = device;
  if (!attempt?.begun || attempt.outcome !== null || now - device.changedAt < GATE.silenceSeconds) return;
  const after = transition(attempt, { ...word('failed'), code: 'silent' });
  if (after) update(device, after, attempt.phase, now);
}

function count(devices: readonly SimDevice[], phase?: number) {
  return devices
    .filter(d => d.attempt && (phase === undefined || d.attempt.phase === phase))
    .reduce((sum, d) => addCounts(sum, countsOf(d.attempt as AttemptState)), NO_COUNTS);
}

function survey(devices: readonly SimDevice[], rollout: RunningRollout, now: number): Survey {
  const seen = devices.filter(d => d.nature !== 'off' && fits(rollout, d.facts));
  const due = seen.filter(d => !d.attempt && inOpenShare(rollout, d.facts)).length;
  const underWay = seen.filter(
    d => d.attempt?.outcome === null && (d.attempt.begun || now - d.changedAt < GATE.silenceSeconds),
  );
  return {
    waitingInPhase: due + underWay.filter(d => d.attempt?.phase === rollout.openPhase).length,
    waiting: due + underWay.length,
    moreBeyond: seen.some(d => !d.attempt && !inOpenShare(rollout, d.facts)),
    complete: true,
  };
}

const salts = Array.from({ length: 200 }, (_, i) => createHash('md5').update(`salt ${i}`).digest('hex'));

describe('a rollout over ten devices in phases of 10, 50 and 100 %', () => {
  it('always completes with a good release, whatever the salt', () => {
    for (const salt of salts) {
      const { state, devices } = simulate(Array<Nature>(10).fill('good'), salt);
      expect(state).toBe('completed');
      expect(devices.every(d => d.attempt?.outcome === 'verified')).toBe(true);
    }
  });

  it('completes with a good release in a fleet so small that one phase may take everybody in', () => {
    for (const salt of salts) {
      for (const size of [1, 2, 3]) {
        const { state, devices } = simulate(Array<Nature>(size).fill('good'), salt);
        expect(state).toBe('completed');
        expect(devices.every(d => d.attempt?.outcome === 'verified')).toBe(true);
      }
    }
  });

  it('always halts a release that fails everywhere, and touches only the first phase that has a device', () => {
    for (const salt of salts) {
      const { state, devices } = simulate(Array<Nature>(10).fill('bad'), salt);
      const touched = devices.filter(d => d.attempt);
      expect(state).toBe('halted');
      expect(new Set(touched.map(d => d.attempt?.phase)).size).toBe(1);
    }
  });

  it('never hangs: any mixture ends, or holds for a reason that a person can act on', () => {
    const nature = fc.constantFrom<Nature>('good', 'bad', 'neutral', 'lost', 'postpones', 'off');
    fc.assert(
      fc.property(fc.array(nature, { minLength: 0, maxLength: 40 }), fc.constantFrom(...salts), (natures, salt) => {
        const { state, verdict } = simulate(natures, salt);
        if (state !== 'running') return;
        expect(['nobody', 'unproven', 'failing']).toContain(verdict.kind);
        expect(verdict.reason).toMatch(/\w+ \w+/);
      }),
      { numRuns: 500 },
    );
  });

  it('does not wait for devices that are switched off or postpone', () => {
    for (const salt of salts.slice(0, 50)) {
      const natures: Nature[] = ['good', 'good', 'good', 'good', 'good', 'good', 'good', 'off', 'postpones', 'off'];
      expect(simulate(natures, salt).state).toBe('completed');
    }
  });
});

describe('the tail test', () => {
  it('seldom halts a release that fails exactly as often as it may, however often it looks', () => {
    let halted = 0;
    // A fixed sequence: each device fails when a hash says so, two in a hundred.
    for (let run = 0; run < 300; run += 1) {
      let lookedAt = 0;
      let failed = 0;
      for (let n = 1; n <= 1000; n += 1) {
        const draw = createHash('md5').update(`${run}/${n}`).digest().readUInt32BE(0) / 2 ** 32;
        if (draw < 0.02) failed += 1;
        const look = dueLook(lookedAt, n);
        if (look === undefined) continue;
        lookedAt = look;
        const counts = { ...NO_COUNTS, begun: n, verified: n - failed, failed };
        const verdict = decideGate({
          gate: { ...GATE, minVerified: 100_000 },
          state: 'running',
          class: 'feature',
          withdrawn: false,
          phases: { open: 0, count: 2 },
          needsApproval: false,
          phase: counts,
          total: counts,
          looked: { phase: 0, total: 0 },
          survey: { waitingInPhase: 1, waiting: 1, moreBeyond: true, complete: true },
          openedAt: new Date(0),
          deafSeconds: 0,
          now: new Date(1000),
        });
        if (verdict.action === 'halt') {
          halted += 1;
          break;
        }
      }
    }
    expect(halted / 300).toBeLessThan(GATE.significance / 10_000);
  });
});
