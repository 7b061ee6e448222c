/** What an operator does to a rollout: pause, resume, stop, a phase by hand; and what a halt does to devices. */
import type { Problem, RolloutView } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedRelease, seedRollout } from '../testing/seed.ts';
import type { TestApp } from '../testing/test-app.ts';
import { type TestRollout, testRollout } from '../testing/test-rollout.ts';
import { soakedSince } from './rollout-control.ts';
import type { RolloutRow } from './rollout-store.ts';

let app: TestApp;
let token: string;
let rollout: RolloutRow;
let replaced: TestRollout['replaced'];
let act: TestRollout['act'];
let retry: TestRollout['retry'];
let anotherProcess: TestRollout['anotherProcess'];
let report: TestRollout['report'];
let tick: TestRollout['tick'];
let close: TestRollout['close'];
beforeEach(async () => {
  ({ app, token, rollout, replaced, act, retry, anotherProcess, report, tick, close } = await testRollout());
});
afterEach(() => close());

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
    const phases = [{ devices: 1 }, { devices: 2 }, { basisPoints: 10_000 }];
    rollout = await replaced({ phases });
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
