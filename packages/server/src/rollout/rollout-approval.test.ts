import { LIMITS, type Problem, type ProductPolicyView, type RolloutView } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addApiToken } from '../admin/operator-store.ts';
import { storeReports } from '../reports/report-store.ts';
import { seedDevices, seedId, seedRelease } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { tickGates } from './gate-tick.ts';
import { placeOffer } from './offer-store.ts';

let app: TestApp;
let target: string;
let olga: string;
let rita: string;
let admin: string;
let ids: string[];

beforeEach(async () => {
  app = await testApp();
  const person = async (name: string, role: 'releaser' | 'admin') =>
    (await addApiToken(app.db, { name, role }, app.clock.now())).token;
  olga = await person('olga', 'releaser');
  rita = await person('rita', 'releaser');
  admin = await person('ada', 'admin');
  ids = await seedDevices(app.db, 2, app.clock.now());
  target = (await seedRelease(app.db, 2)).target;
});
afterEach(() => app.close());

async function ask(token: string, path: string, body?: object) {
  const answer = await app.admin('POST', path, { token, ...(body && { body }) });
  return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
}

const policy = (body: object, token = admin) => ask(token, '/products/gw/policy', body);
const word = (token: string, id: string, name: 'approve' | 'deny', phase: number, reason = 'seen on the bench') =>
  ask(token, `/rollouts/${id}/${name}`, { phase, reason });

const GATE = { soakSeconds: 60, silenceSeconds: 60 };

async function create(more: object = {}) {
  const phases = [{ basisPoints: 9_999 }, { basisPoints: 10_000 }];
  return (await ask(olga, '/rollouts', { target, phases, gate: GATE, ...more })).view;
}

const show = async (id: string) => (await app.admin('GET', `/rollouts/${id}`, { token: olga })).json as RolloutView;
const tick = () => tickGates({ ...app, pace: { intervalSeconds: () => 60 } });
const offer = (rolloutId: string, device = 0) =>
  placeOffer(app.db, { rolloutId, deviceId: ids[device] ?? '', now: app.clock.now() });

describe('a rollout of a product whose policy asks for approval', () => {
  it('begins by the word of another person, never of its maker, and the history names both', async () => {
    await policy({ approval: 'start' });
    const { id, state, approval, createdBy } = await create();
    expect({ state, createdBy, phase: approval?.phase }).toEqual({
      state: 'awaiting-approval',
      createdBy: 'olga',
      phase: 0,
    });
    expect(await offer(id)).toBeUndefined();

    expect((await word(olga, id, 'approve', 0)).problem).toMatchObject({ status: 403, code: 'forbidden' });
    const second = (await addApiToken(app.db, { name: 'olga', role: 'admin' }, app.clock.now())).token;
    expect((await word(second, id, 'approve', 0)).problem).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await word(await app.apiToken('operator'), id, 'approve', 0)).status).toBe(403);
    for (const act of ['pause', 'resume']) expect((await ask(olga, `/rollouts/${id}/${act}`)).status).toBe(409);
    expect((await ask(olga, `/rollouts/${id}/advance`, { phase: 1, reason: 'haste' })).status).toBe(409);
    expect((await show(id)).state).toBe('awaiting-approval');

    for (let again = 0; again < 2; again += 1) {
      const { view } = await word(rita, id, 'approve', 0);
      expect(view).toMatchObject({ state: 'running', approval: null });
      expect(view.decisions.map(d => [d.action, d.reason])).toEqual([['approve', 'by rita: seen on the bench']]);
    }
    expect(await offer(id)).toMatchObject({ attempt: 1 });
  });

  it('never begins where it was denied, stopped, or nobody answered in time', async () => {
    await policy({ approval: 'start' });
    const denied = await create();
    expect((await word(rita, denied.id, 'deny', 0)).view).toMatchObject({ state: 'cancelled', approval: null });
    const stopped = await create();
    await ask(olga, `/rollouts/${stopped.id}/stop`);
    const forgotten = await create();
    app.clock.advance(LIMITS.approvalSeconds - 60);
    await tick();
    expect((await show(forgotten.id)).state).toBe('awaiting-approval');
    app.clock.advance(61);
    await tick();
    for (const { id } of [denied, stopped, forgotten]) {
      expect((await show(id)).state).toBe('cancelled');
      expect((await ask(olga, `/rollouts/${id}/resume`)).problem).toMatchObject({ status: 409, code: 'rollout-state' });
      expect((await ask(olga, `/rollouts/${id}/retry`, {})).view).toMatchObject({ retried: 0 });
      expect((await word(rita, id, 'approve', 0)).status).toBe(409);
      expect(await offer(id)).toBeUndefined();
    }
    expect((await show(forgotten.id)).decisions.at(-1)?.reason).toBe('by nobody: no word in 7 days');
  });

  it('keeps its place while it waits, and cannot be approved once its release is withdrawn', async () => {
    await policy({ approval: 'start' });
    const { id } = await create();
    const next = await seedRelease(app.db, 3);
    const other = await ask(olga, '/rollouts', { target: next.target, phases: [{ basisPoints: 10_000 }] });
    expect(other.problem).toMatchObject({ status: 409, code: 'rollout-conflict' });
    await app.db.updateTable('releases').set({ withdrawn_at: app.clock.now() }).execute();
    expect((await word(rita, id, 'approve', 0)).problem).toMatchObject({ status: 422, code: 'release-unknown' });
  });

  it('opens a phase only with both: the proof of the gate and the word of another person', async () => {
    await policy({ approval: 'each-phase' });
    const { id } = await create();
    await word(rita, id, 'approve', 0);
    await tick();
    expect((await show(id)).approval).toBeNull();
    await verify(id, 0);
    await verify(id, 1);
    app.clock.advance(60);
    await tick();
    await tick();
    const waiting = await show(id);
    expect(waiting).toMatchObject({ state: 'running', openPhase: 0, approval: { phase: 1 } });
    expect(waiting.decisions.at(-1)?.reason).toMatch(/verified.*waits for another person's approval/);
    expect((await ask(rita, `/rollouts/${id}/advance`, { phase: 1, reason: 'haste' })).status).toBe(409);
    expect((await word(rita, id, 'approve', 0)).view.approval?.phase).toBe(1);
    expect((await word(olga, id, 'approve', 1)).status).toBe(403);

    expect((await word(rita, id, 'deny', 1)).view).toMatchObject({ state: 'paused', approval: null });
    await ask(olga, `/rollouts/${id}/resume`);
    app.clock.advance(60);
    await tick();
    expect((await word(admin, id, 'approve', 1)).view).toMatchObject({ openPhase: 0, approval: null });
    await tick();
    expect(await show(id)).toMatchObject({ openPhase: 1 });
  });
});

async function verify(rolloutId: string, device: number): Promise<void> {
  await offer(rolloutId, device);
  const { counter, sha256 } = await app.db
    .selectFrom('rollouts')
    .selectAll()
    .where('id', '=', rolloutId)
    .executeTakeFirstOrThrow();
  const report = {
    id: seedId(`${rolloutId}/${device}`),
    rolloutId,
    attempt: 1,
    counter,
    sha256,
    at: '2026-01-01T00:00:00Z',
  };
  await storeReports(app.db, ids[device] ?? '', [{ ...report, state: 'verified' }], app.clock.now());
}

describe('a product policy', () => {
  it('gives gate and pace where a rollout says nothing; a number of its own holds', async () => {
    await policy({
      gate: { soakSeconds: 172_800, minVerified: 20 },
      pace: { devicesPerMinute: 30, overSeconds: 3600 },
    });
    const asked = { gate: { minVerified: 5 }, pace: { devicesPerMinute: 60 } };
    const { gate, pace, phases } = await create(asked);
    expect(gate).toMatchObject({ soakSeconds: 172_800, minVerified: 5, successShare: 9000 });
    expect(pace).toEqual({ devicesPerMinute: 60, overSeconds: 3600 });
    expect(phases.some(p => p.approval)).toBe(false);
  });

  it('may be asked for more approval by a rollout, never for less', async () => {
    await policy({ approval: 'start' });
    const phases = [
      { basisPoints: 1, approval: false },
      { basisPoints: 10_000, approval: true },
    ];
    const { state, phases: planned } = await create({ phases });
    expect(state).toBe('awaiting-approval');
    expect(planned.map(p => p.approval)).toEqual([true, true]);
  });

  it('is changed number by number, by admins alone, and says who did it', async () => {
    expect((await policy({ approval: 'none' }, rita)).status).toBe(403);
    await Promise.all([
      policy({ gate: { soakSeconds: 90_000 } }),
      policy({ gate: { minVerified: 7 } }),
      policy({ approval: 'start' }),
    ]);
    const { json } = await app.admin('GET', '/products/gw/policy', { token: olga });
    expect(json).toMatchObject({
      policy: { gate: { soakSeconds: 90_000, minVerified: 7 }, approval: 'start' },
      changedBy: 'ada',
    });
    const reset = await app.admin('POST', '/products/gw/policy', {
      token: admin,
      body: { reset: true, approval: 'none' },
    });
    expect((reset.json as ProductPolicyView).policy).toEqual({ approval: 'none' });
  });

  it('is refused where its gate could never pass, with the place, and for a product that is not there', async () => {
    const gate = { successShare: 9900, allowedFailureShare: 500 };
    expect((await policy({ gate })).problem).toMatchObject({
      status: 422,
      code: 'gate-impossible',
      path: '/gate/successShare',
    });
    expect((await policy({ gate: { soakSeconds: 3600 } })).problem).toMatchObject({
      status: 422,
      code: 'soak-too-short',
      path: '/gate/soakSeconds',
    });
    expect((await policy({ gate: { soakSeconds: 3600, silenceSeconds: 3600 } })).status).toBe(200);
    expect((await policy({ gate: { silenceSeconds: 7200 } })).problem.code).toBe('soak-too-short');
    expect((await ask(admin, '/products/none/policy', { approval: 'start' })).status).toBe(404);
  });
});
