import type { Problem, RolloutRequest, RolloutView } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedId, seedRelease } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';

const target = 'gw/stable/app/1.2.0/app.tar';
const request: RolloutRequest = { target, phases: [{ basisPoints: 1000 }, { basisPoints: 10_000 }] };
let app: TestApp;
let token: string;

beforeEach(async () => {
  app = await testApp();
  token = await app.apiToken('operator');
  await seedRelease(app.db, 2);
});
afterEach(() => app.close());

async function create(more: object = {}) {
  const answer = await app.admin('POST', '/rollouts', { token, body: { ...request, ...more } });
  return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
}

const stepwise = { phases: [{ basisPoints: 100 }, { basisPoints: 10_000 }] };

describe('rollouts of the admin API', () => {
  it('are created with defaults, listed and found', async () => {
    const { status, view } = await create();
    expect(status).toBe(201);
    expect(view).toMatchObject({ state: 'running', openPhase: 0, name: 'app 1.2.0', decisions: [], endedAt: null });
    expect(view.salt).toMatch(/^[0-9a-f]{32}$/);
    expect((await app.admin('GET', `/rollouts/${view.id}`, { token })).json).toEqual(view);
    expect((await app.admin('GET', '/rollouts', { token })).json).toEqual({ items: [view], next: null });
    expect((await app.admin('GET', '/rollouts?product=lamp', { token })).json).toEqual({ items: [], next: null });
  });

  it.each<[string, object, string, string]>([
    ['release-unknown', { target: 'gw/stable/app/9.9.9/app.tar' }, '/target', 'not published'],
    ['phases-not-growing', { phases: [{ basisPoints: 5000 }, { basisPoints: 5000 }] }, '/phases/1', 'larger'],
    ['phases-not-growing', { phases: [{ basisPoints: 5000 }, { devices: 5 }] }, '/phases/1', 'numbers stand before'],
    ['phases-not-growing', { phases: [{ devices: 5 }, { devices: 5 }] }, '/phases/1', 'more devices'],
    ['filter-invalid', { filter: 'site==' }, '/filter', 'position 7'],
    ['soak-too-short', { ...stepwise, gate: { soakSeconds: 7200 } }, '/gate/soakSeconds', 'at least 86400 s'],
    ['soak-too-short', { ...stepwise, gate: { soakSeconds: 59, silenceSeconds: 60 } }, '/gate/soakSeconds', '60 s'],
    ['gate-impossible', { gate: { successShare: 9900, allowedFailureShare: 200 } }, '/gate/successShare', '100 %'],
  ])('are refused with 422 that says where: %s', async (code, more, path, words) => {
    const { status, problem } = await create(more);
    expect(status).toBe(422);
    expect(problem).toMatchObject({ code, path, detail: expect.stringContaining(words) });
  });

  it('are refused for a time that does not exist or is too far, and for a withdrawn release', async () => {
    expect((await create({ notBefore: '2999-01-01T00:00:00Z' })).problem).toMatchObject({ path: '/notBefore' });
    expect((await create({ notBefore: '2026-13-40T00:00:00Z' })).problem).toMatchObject({ path: '/notBefore' });
    await app.db.updateTable('releases').set({ withdrawn_at: new Date() }).execute();
    expect((await create()).problem).toMatchObject({ code: 'release-unknown', path: '/target' });
  });

  it('are refused for a phase that is neither a share nor a number, or both', async () => {
    for (const phase of [{}, { basisPoints: 100, devices: 5 }]) {
      const { status, problem } = await create({ phases: [phase] });
      expect([status, problem.code, problem.path]).toEqual([400, 'invalid-input', '/phases/0']);
    }
  });

  it('keep the pace that was asked for', async () => {
    const pace = { devicesPerMinute: 600, devicesAtWork: 2000 };
    const { status, view } = await create({ phases: [{ devices: 5 }, { basisPoints: 10_000 }], pace });
    expect([status, view.pace, view.phases]).toEqual([201, pace, [{ devices: 5 }, { basisPoints: 10_000 }]]);
  });

  it('keep the window that was asked for, and refuse one that never opens with the place of the fault', async () => {
    const nights = { days: ['fri', 'sat'], from: '22:00', to: '06:00' };
    expect((await create()).view).toMatchObject({ window: null, urgent: false });
    await app.db.deleteFrom('rollouts').execute();
    expect((await create({ window: [nights] })).view.window).toEqual([nights]);
    for (const [window, path] of [
      [[nights, { ...nights, to: '22:00' }], '/window/1/to'],
      [[{ ...nights, to: '22:05' }], '/window/0/to'],
      [[{ ...nights, days: [] }], '/window/0/days'],
      [[{ ...nights, days: ['holiday'] }], '/window/0/days/0'],
      [[{ ...nights, from: '24:00' }], '/window/0/from'],
      [[], '/window'],
    ] as const) {
      const { status, problem } = await create({ window });
      expect([status, problem.code, problem.path]).toEqual([400, 'invalid-input', path]);
    }
  });

  it('are urgent only with a security release, and then not spread over time', async () => {
    expect((await create({ urgent: true })).problem).toMatchObject({ status: 400, path: '/urgent' });
    const { target } = await seedRelease(app.db, 5, { class: 'security' });
    const spread = await create({ target, urgent: true, pace: { overSeconds: 60 } });
    expect(spread.problem).toMatchObject({ status: 400, path: '/pace/overSeconds' });
    const { status, view } = await create({ target, urgent: true, pace: { devicesAtWork: 5 } });
    expect([status, view.urgent, view.pace]).toEqual([201, true, { devicesAtWork: 5 }]);
  });

  it('soak for as long as the silence where they ask for a longer one, and for less where no phase waits for it', async () => {
    const gate = { silenceSeconds: 172_800 };
    expect((await create({ ...stepwise, gate })).view.gate.soakSeconds).toBe(172_800);
    await app.db.deleteFrom('rollouts').execute();
    const phases = [{ basisPoints: 10_000 }];
    expect((await create({ phases, gate: { soakSeconds: 0 } })).status).toBe(201);
    const { target } = await seedRelease(app.db, 5, { class: 'security' });
    expect((await create({ target, ...stepwise, urgent: true, gate: { soakSeconds: 900 } })).status).toBe(201);
  });

  it('leave no failure allowed where every device must succeed', async () => {
    const { view } = await create({ gate: { successShare: 10_000 } });
    expect(view.gate.allowedFailureShare).toBe(0);
  });

  it('do not overlap on a component and hardware; a security release may take precedence', async () => {
    const running = (await create()).view;
    const next = { target: (await seedRelease(app.db, 3)).target };
    expect((await create(next)).problem).toMatchObject({ status: 409, code: 'rollout-conflict' });
    expect((await create(next)).problem.detail).toContain(running.id);
    const otherHardware = { target: (await seedRelease(app.db, 4, { hardware: ['gw-b'] })).target };
    expect((await create(otherHardware)).status).toBe(201);
    const security = { target: (await seedRelease(app.db, 5, { class: 'security' })).target };
    expect((await create(security)).status).toBe(201);
    expect((await create(security)).status).toBe(409);
    const urgent = { target: (await seedRelease(app.db, 6, { class: 'security' })).target, urgent: true };
    expect((await create(urgent)).status).toBe(201);
    expect((await create(urgent)).status).toBe(409);
  });

  it('are created once when two ask at the same time', async () => {
    const statuses = (await Promise.all([create(), create()])).map(a => a.status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409]);
  });

  it('stop as often as one likes, and only where there is one', async () => {
    const { view } = await create();
    const stop = (id: string) => app.admin('POST', `/rollouts/${id}/stop`, { token });
    const stopped = await stop(view.id);
    expect(stopped.json).toMatchObject({ state: 'stopped', endedAt: expect.any(String) });
    expect((await stop(view.id)).json).toEqual(stopped.json);
    expect((await stop(seedId('nobody'))).status).toBe(404);
  });

  it('are listed in pages, newest first', async () => {
    const ids: string[] = [];
    for (const counter of [3, 4, 5]) {
      const { target } = await seedRelease(app.db, counter, { hardware: [`gw-${counter}`] });
      ids.unshift((await create({ target })).view.id);
    }
    const page = async (query: string) => (await app.admin('GET', `/rollouts?limit=2${query}`, { token })).json;
    const first = (await page('')) as { items: RolloutView[]; next: string };
    expect(first.items.map(r => r.id)).toEqual(ids.slice(0, 2));
    const second = (await page(`&after=${first.next}`)) as { items: RolloutView[]; next: null };
    expect(second).toMatchObject({ items: [{ id: ids[2] }], next: null });
  });
});
