import type { Problem, RolloutRetryAnswer, RolloutView } from '@tidegate/protocol';
import { LIMITS } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeReports } from '../reports/report-store.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { openBoard } from './board.ts';
import { checkIn } from './check-in.ts';
import { openDeviceMemory } from './device-memory.ts';
import { tickGates } from './gate-tick.ts';
import { placeOffer } from './offer-store.ts';
import { soakedSince } from './rollout-control.ts';
import type { RolloutRow } from './rollout-store.ts';

let app: TestApp;
let token: string;
let url: string;
let rollout: RolloutRow;
let ids: string[];
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  app = await testApp();
  url = app.databaseUrl;
  token = await app.apiToken('operator');
  ids = await seedDevices(app.db, 4, app.clock.now());
  rollout = await seedRollout(app.db, await seedRelease(app.db, 2), app.clock.now());
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await app.close();
});

type ActName = 'pause' | 'resume' | 'stop';

async function act(name: ActName) {
  const answer = await app.admin('POST', `/rollouts/${rollout.id}/${name}`, { token });
  return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
}

async function retry(body: object = {}) {
  const answer = await app.admin('POST', `/rollouts/${rollout.id}/retry`, { token, body });
  return { ...(answer.json as RolloutRetryAnswer), status: answer.status, problem: answer.json as Problem };
}

/** A server process on the same database: its own view of the rollouts, its own memory of devices. */
async function anotherProcess() {
  const board = await openBoard({ db: app.db, clock: app.clock, log: app.log, url });
  const memory = openDeviceMemory(app);
  closing.push(
    () => memory.close(),
    () => board.close(),
  );
  const deps = { db: app.db, clock: app.clock, log: app.log, board, memory, pace: { pollAfterSeconds: () => 60 } };
  return {
    confirm: () => board.confirm(),
    checkIn: async (device: number, workingOn?: string) => {
      await board.confirm();
      return checkIn(
        deps,
        { id: ids[device] ?? '', product: 'gw' },
        {
          agentVersion: '0.1.0',
          hardware: 'gw-a',
          channel: 'stable',
          bootId: seedId('boot'),
          components: [{ component: 'app', version: '1.1.0', counter: 1 }],
          ...(workingOn !== undefined && { update: { rolloutId: workingOn, attempt: 1, state: 'downloading' } }),
        },
      );
    },
  };
}

async function report(device: number, state: 'downloading' | 'failed' | 'verified', attempt = 1) {
  const { id: rolloutId, counter, sha256 } = rollout;
  const word = { rolloutId, attempt, counter, sha256, state, at: '2026-01-01T00:00:00Z' };
  const code = state === 'failed' ? { code: 'health-failed' as const } : {};
  await storeReports(
    app.db,
    ids[device] ?? '',
    [{ id: seedId(`${device} ${state} ${attempt}`), ...word, ...code }],
    app.clock.now(),
  );
}

const tick = () => tickGates({ ...app, pace: { intervalSeconds: () => 60 } });

describe('a paused rollout', () => {
  it('lets devices at work go on, and nobody begin', async () => {
    const server = await anotherProcess();
    expect((await server.checkIn(0)).offer).not.toBeNull();
    expect((await server.checkIn(1)).offer).not.toBeNull();
    await report(1, 'downloading');
    expect(await act('pause')).toMatchObject({ status: 200, view: { state: 'paused', endedAt: null } });

    const later = await anotherProcess();
    expect((await later.checkIn(0)).offer).toBeNull();
    expect((await later.checkIn(1)).offer).toMatchObject({ rolloutId: rollout.id });
    expect((await later.checkIn(2)).offer).toBeNull();
    expect((await later.checkIn(1)).stop).toEqual([]);

    expect(await act('resume')).toMatchObject({ status: 200, view: { state: 'running' } });
    expect((await later.checkIn(2)).offer).toMatchObject({ rolloutId: rollout.id });
  });

  it('neither advances nor completes, but still halts', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2, 3]) await server.checkIn(device);
    for (const device of [0, 1, 2, 3]) await report(device, 'verified');
    await act('pause');
    await tick();
    expect((await act('pause')).view).toMatchObject({ state: 'paused' });
    await app.db.updateTable('releases').set({ withdrawn_at: app.clock.now() }).execute();
    await tick();
    const halted = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect((halted.json as RolloutView).state).toBe('halted');
  });

  it('keeps its place: another rollout for the same devices is refused', async () => {
    await act('pause');
    const next = await seedRelease(app.db, 3);
    const body = { target: next.target, phases: [{ basisPoints: 10_000 }] };
    const answer = await app.admin('POST', '/rollouts', { token, body });
    expect(answer).toMatchObject({ status: 409, json: { code: 'rollout-conflict' } });
  });

  it('does not soak while it rests', () => {
    const at = (seconds: number) => new Date(seconds * 1000);
    const row = { phase_opened_at: at(100), not_before: at(0), rested_at: at(130) };
    expect(soakedSince(row, at(500))).toEqual(at(470));
    expect(soakedSince({ ...row, not_before: at(900) }, at(500))).toEqual(at(500));
    expect(soakedSince({ ...row, rested_at: null }, at(500))).toEqual(at(500));
  });
});

describe('what an operator does to a rollout', () => {
  it('may be asked again without harm, and stands in its history', async () => {
    for (const name of ['pause', 'pause', 'resume', 'resume', 'stop', 'stop', 'resume'] as const) {
      expect((await act(name)).status).toBe(200);
    }
    const { view } = await act('resume');
    expect(view).toMatchObject({ state: 'running', endedAt: null });
    expect(view.decisions.map(d => d.action)).toEqual(['pause', 'resume', 'stop', 'resume']);
  });

  it('is refused with what to do instead where it makes no sense', async () => {
    const set = (state: 'halted' | 'completed' | 'stopped') => app.db.updateTable('rollouts').set({ state }).execute();
    await set('halted');
    expect((await act('resume')).problem).toMatchObject({ status: 409, code: 'rollout-state' });
    expect((await act('pause')).problem).toMatchObject({ status: 409, code: 'rollout-state' });
    expect((await act('stop')).view.state).toBe('halted');
    await set('completed');
    expect((await act('resume')).problem).toMatchObject({ status: 409, code: 'rollout-state' });
    await set('stopped');
    await seedRollout(app.db, await seedRelease(app.db, 3), app.clock.now());
    expect((await act('resume')).problem).toMatchObject({ status: 409, code: 'rollout-conflict' });
    await app.db.updateTable('releases').set({ withdrawn_at: app.clock.now() }).execute();
    expect((await act('resume')).problem).toMatchObject({ status: 422, code: 'release-unknown' });
  });

  it('comes to one end when many do it at once', async () => {
    const names = ['pause', 'resume', 'stop', 'pause', 'resume', 'stop'] as const;
    const answers = await Promise.all([...names.map(act), retry(), retry()]);
    expect(answers.every(a => a.status === 200 || a.status === 409)).toBe(true);
    const row = await app.db.selectFrom('rollouts').selectAll().executeTakeFirstOrThrow();
    expect(row.ended_at !== null).toBe(row.state === 'stopped');
    expect(row.rested_at !== null).toBe(row.state !== 'running');
  });
});

describe('a phase opened by hand', () => {
  const advance = async (phase: number, reason = 'the pilot sites asked for it') => {
    const answer = await app.admin('POST', `/rollouts/${rollout.id}/advance`, { token, body: { phase, reason } });
    return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
  };

  beforeEach(async () => {
    await app.db.deleteFrom('rollouts').execute();
    const phases = [{ devices: 1 }, { devices: 2 }, { basisPoints: 10_000 }];
    rollout = await seedRollout(app.db, await seedRelease(app.db, 3), app.clock.now(), { phases });
  });

  it('takes further devices in at once, in every process, and the history says who did it and why', async () => {
    const server = await anotherProcess();
    expect((await server.checkIn(0)).offer).not.toBeNull();
    expect((await server.checkIn(1)).offer).toBeNull();
    const { view } = await advance(1);
    expect(view).toMatchObject({ state: 'running', openPhase: 1 });
    expect(view.decisions.at(-1)).toMatchObject({ phase: 0, action: 'open', counts: { offered: 1 } });
    expect(view.decisions.at(-1)?.reason).toBe('by operator: the pilot sites asked for it');
    expect((await server.checkIn(1)).offer).toMatchObject({ rolloutId: rollout.id });
  });

  it('opens once when two people ask at the same time, and the gate halts it all the same', async () => {
    const answers = await Promise.all([advance(1), advance(1)]);
    expect(answers.map(a => a.view.openPhase)).toEqual([1, 1]);
    expect(answers[1]?.view.decisions.filter(d => d.action === 'open').length).toBeLessThan(2);
    await app.db.updateTable('releases').set({ withdrawn_at: app.clock.now() }).execute();
    await tick();
    expect((await advance(2)).problem).toMatchObject({ status: 409, code: 'rollout-state' });
  });

  it('is refused where it would leave one out, after the last, and before the start', async () => {
    expect((await advance(2)).problem).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/phase 2 comes first/),
    });
    expect((await advance(1)).status).toBe(200);
    expect((await advance(2)).status).toBe(200);
    expect((await advance(3)).problem).toMatchObject({ status: 409, detail: expect.stringMatching(/last phase/) });
    expect((await advance(3, '')).problem).toMatchObject({ status: 400, code: 'invalid-input', path: '/reason' });
    const notBefore = new Date(app.clock.now().getTime() + 3_600_000);
    await app.db.updateTable('rollouts').set({ not_before: notBefore, open_phase: 0 }).execute();
    expect((await advance(1)).problem).toMatchObject({ status: 409, detail: expect.stringMatching(/not begun/) });
  });
});

describe('a halt', () => {
  it('withdraws the offers: devices that have not begun are told to drop the update at their next check-in', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2, 3]) await server.checkIn(device);
    for (const device of [0, 1, 2]) await report(device, 'failed');
    await report(3, 'downloading');
    await tick();
    const view = (await app.admin('GET', `/rollouts/${rollout.id}`, { token })).json as RolloutView;
    expect(view).toMatchObject({ state: 'halted', counts: { failed: 3 } });
    expect(await (await anotherProcess()).checkIn(3, rollout.id)).toMatchObject({ offer: null, stop: [rollout.id] });
  });
});

describe('a rollout with a start time', () => {
  const at = (seconds: number) => new Date(Math.ceil(app.clock.now().getTime() / 1000 + seconds) * 1000).toISOString();
  const reschedule = async (notBefore: string) => {
    const answer = await app.admin('POST', `/rollouts/${rollout.id}/reschedule`, { token, body: { notBefore } });
    return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
  };

  beforeEach(async () => {
    await app.db.deleteFrom('rollouts').execute();
    rollout = await seedRollout(app.db, await seedRelease(app.db, 3), app.clock.now(), { notBefore: at(600) });
  });

  it('begins by itself at its time and not before, in a process that was started since, too', async () => {
    const server = await anotherProcess();
    await tick();
    expect((await server.checkIn(0)).offer).toBeNull();
    app.clock.advance(590);
    expect((await server.checkIn(0)).offer).toBeNull();
    app.clock.advance(15);
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id });
    const later = await anotherProcess();
    expect((await later.checkIn(1)).offer).toMatchObject({ rolloutId: rollout.id });
    expect((await later.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id, attempt: 1 });
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ counts: { offered: 2 } });
  });

  it('is moved until then, in every process at once, and the history says by whom', async () => {
    const server = await anotherProcess();
    const [later, sooner] = [at(3600), at(60)];
    expect(await reschedule(later)).toMatchObject({ status: 200, view: { state: 'running' } });
    app.clock.advance(605);
    expect((await server.checkIn(0)).offer).toBeNull();
    const moved = await reschedule(sooner);
    expect(Date.parse(moved.view.notBefore)).toBeLessThanOrEqual(app.clock.now().getTime());
    expect(moved.view.decisions.map(d => [d.action, d.reason.split(' ').slice(0, 2).join(' ')])).toEqual([
      ['reschedule', 'by operator'],
      ['reschedule', 'by operator'],
    ]);
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id });
    expect(await reschedule(at(60))).toMatchObject({ status: 409, problem: { code: 'rollout-state' } });
  });

  it('takes the same time again without a word in the history', async () => {
    const same = new Date(rollout.not_before).toISOString();
    expect(await reschedule(same)).toMatchObject({ status: 200, view: { notBefore: same, decisions: [] } });
  });

  it('is cancelled by a stop, and then begins never', async () => {
    const server = await anotherProcess();
    await act('stop');
    expect(await reschedule(at(60))).toMatchObject({ status: 409, problem: { code: 'rollout-state' } });
    app.clock.advance(700);
    expect((await server.checkIn(0)).offer).toBeNull();
  });

  it('offers nothing through a process that has not heard yet that the start was moved', async () => {
    app.clock.advance(605);
    const asked = { rolloutId: rollout.id, deviceId: ids[0] ?? '', now: app.clock.now() };
    await app.db
      .updateTable('rollouts')
      .set({ not_before: new Date(app.clock.now().getTime() + 60_000) })
      .execute();
    expect(await placeOffer(app.db, asked)).toBeUndefined();
  });

  it('refuses a time that is too far, or none', async () => {
    for (const notBefore of ['2999-01-01T00:00:00Z', '2026-13-40T00:00:00Z', 'tomorrow'])
      expect(await reschedule(notBefore)).toMatchObject({ status: 400, problem: { path: '/notBefore' } });
  });
});

describe('a retry', () => {
  it('offers the release again to those that failed, in every process, and takes their failures out', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2, 3]) await server.checkIn(device);
    for (const device of [0, 1, 2]) await report(device, 'failed');
    await report(3, 'verified');
    await tick();
    expect((await server.checkIn(0)).offer).toBeNull();
    expect(await act('resume')).toMatchObject({ problem: { code: 'rollout-state' } });

    const answer = await retry();
    expect(answer).toMatchObject({
      status: 200,
      retried: 3,
      exhausted: 0,
      rollout: { state: 'running', endedAt: null },
    });
    expect(answer.rollout.counts).toMatchObject({ offered: 4, begun: 1, failed: 0, verified: 1 });
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id, attempt: 2 });

    await report(0, 'downloading', 1);
    for (const device of [0, 1, 2]) await report(device, 'verified', 2);
    await tick();
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ state: 'completed', counts: { offered: 4, begun: 4, failed: 0, verified: 4 } });
  });

  it('passes over devices that are at work or verified, and ends at the most that a device takes', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2]) await server.checkIn(device);
    await report(1, 'downloading');
    await report(2, 'verified');
    expect(await retry({ devices: [ids[1], ids[2]] })).toMatchObject({ retried: 0, exhausted: 0 });
    for (let attempt = 1; attempt <= LIMITS.attemptsPerRollout; attempt += 1) {
      await report(0, 'failed', attempt);
      const last = attempt === LIMITS.attemptsPerRollout;
      expect(await retry()).toMatchObject({ retried: last ? 0 : 1, exhausted: last ? 1 : 0 });
    }
  });

  it('leaves a late word of the old attempt without effect on the counts', async () => {
    const server = await anotherProcess();
    await server.checkIn(0);
    await report(0, 'failed');
    await retry();
    await report(0, 'verified', 1);
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ counts: { offered: 1, begun: 0, failed: 0, verified: 0 } });
  });
});
