import type { Problem, RolloutPreview, RolloutRequest, RolloutView } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seedDevices, seedId, seedRelease } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { planRollout } from './rollout-plan.ts';
import { previewRollout } from './rollout-preview.ts';

const target = 'gw/stable/app/1.2.0/app.tar';
const request: RolloutRequest = { target, phases: [{ basisPoints: 1000 }, { basisPoints: 10_000 }] };
const now = new Date('2026-01-01T00:00:00Z');
let app: TestApp;
let token: string;

beforeEach(async () => {
  app = await testApp();
  token = await app.apiToken('operator');
});
afterEach(() => app.close());

async function preview(more: object = {}) {
  const answer = await app.admin('POST', '/rollouts/preview', { token, body: { ...request, ...more } });
  return { status: answer.status, view: answer.json as RolloutPreview, problem: answer.json as Problem };
}

async function site(id: string, name: string) {
  const attributes = JSON.stringify({ site: name });
  await app.db.updateTable('devices').set({ attributes }).where('id', '=', id).execute();
}

describe('a preview', () => {
  it('counts whom the filter means, apart from those that run it already, and shows some; nothing is made', async () => {
    await seedRelease(app.db, 2);
    const ids = await seedDevices(app.db, 12, now);
    for (const id of ids.slice(0, 4)) await site(id, 'north');
    const components = JSON.stringify([{ component: 'app', version: '1.2.0', counter: 2 }]);
    await app.db.updateTable('devices').set({ components }).where('id', '=', seedId('device 0')).execute();
    await app.db.updateTable('devices').set({ revoked_at: now }).where('id', '=', seedId('device 1')).execute();
    await app.db.updateTable('devices').set({ hardware: 'gw-b' }).where('id', '=', seedId('device 2')).execute();
    const { status, view } = await preview({ filter: 'site==north' });
    expect(status).toBe(200);
    expect(view.devices).toEqual({ meant: 1, current: 1, exact: true, margin: 0, looked: 12 });
    expect(view.sample.map(d => d.id)).toEqual([seedId('device 3')]);
    expect(view.release.target).toBe(target);
    const whole = (await preview()).view;
    expect([whole.devices.meant, whole.phases.map(p => p.devices)]).toEqual([9, [1, 9]]);
    expect(await app.db.selectFrom('rollouts').select('id').execute()).toEqual([]);
  });

  it('reads a bounded part of a large fleet, and says that it estimates', async () => {
    const release = await seedRelease(app.db, 2);
    const ids = await seedDevices(app.db, 3000, now);
    for (const id of ids.slice(0, 600)) await site(id, 'north');
    const plan = planRollout({ ...request, filter: 'site==north' }, release, { salt: seedId('salt'), now });
    const { devices, sample, phases } = await previewRollout(app.db, plan, now, 1000);
    expect(devices).toMatchObject({ exact: false, looked: 1000, current: 0 });
    expect(devices.margin).toBeLessThan(120);
    expect(Math.abs(devices.meant - 600)).toBeLessThanOrEqual(devices.margin);
    expect([sample.length, phases[1]?.devices]).toEqual([10, devices.meant]);
  });

  it('tells which rollouts stand in the way, and which it would overtake', async () => {
    await seedRelease(app.db, 2);
    const running = (await app.admin('POST', '/rollouts', { token, body: request })).json as RolloutView;
    const next = (await seedRelease(app.db, 3)).target;
    expect((await preview({ target: next })).view.conflicts).toMatchObject([
      { rolloutId: running.id, state: 'running', effect: 'refuses' },
    ]);
    const security = (await seedRelease(app.db, 4, { class: 'security' })).target;
    expect((await preview({ target: security })).view.conflicts).toMatchObject([{ effect: 'overtaken' }]);
    const other = (await seedRelease(app.db, 5, { hardware: ['gw-b'] })).target;
    expect((await preview({ target: other })).view.conflicts).toEqual([]);
  });

  it('leaves out whom the exclusion means, and tells how many devices another rollout is for too', async () => {
    await seedRelease(app.db, 2);
    const ids = await seedDevices(app.db, 10, now);
    for (const id of ids.slice(0, 4)) await site(id, 'north');
    for (const id of ids.slice(4, 6)) await site(id, 'lab');
    const body = { ...request, filter: 'site==*', exclude: 'site==lab' };
    const made = await app.admin('POST', '/rollouts', { token, body });
    expect(made.json).toMatchObject({ filter: 'site==*', exclude: 'site==lab' });
    const next = (await seedRelease(app.db, 3)).target;
    const { view } = await preview({ target: next, exclude: `id==${ids[0]}` });
    expect([view.devices.meant, view.conflicts.map(c => c.devices)]).toEqual([9, [3]]);
  });

  it('tells who needs a stepping stone first, and whether anything leads them there', async () => {
    const stone = await seedRelease(app.db, 2);
    const ids = await seedDevices(app.db, 5, now);
    const { target: last } = await seedRelease(app.db, 4, { min_from_counter: 2 });
    await app.db
      .updateTable('devices')
      .set({ components: JSON.stringify([{ component: 'app', version: 'x', counter: 3 }]) })
      .where('id', '=', ids[0] ?? '')
      .execute();
    const asked = { target: last };
    expect((await preview({ target: stone.target })).view.stone).toBeNull();
    const { stone: missing, devices } = (await preview(asked)).view;
    expect([devices.meant, missing]).toEqual([
      5,
      { leastCounter: 2, devices: 4, rollouts: [], missing: [{ hardware: 'gw-a', release: stone.target }] },
    ]);
    await app.db.updateTable('releases').set({ withdrawn_at: now }).where('target', '=', stone.target).execute();
    expect((await preview(asked)).view.stone?.missing).toEqual([{ hardware: 'gw-a', release: null }]);
    await app.db.updateTable('releases').set({ withdrawn_at: null }).execute();
    const made = (await app.admin('POST', '/rollouts', { token, body: request })).json as RolloutView;
    const { stone: led, conflicts } = (await preview(asked)).view;
    expect(led).toMatchObject({ devices: 4, rollouts: [{ rolloutId: made.id, state: 'running' }], missing: [] });
    expect(conflicts).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['release-unknown', { target: 'gw/stable/app/9.9.9/app.tar' }, '/target'],
    ['phases-not-growing', { phases: [{ basisPoints: 5000 }, { basisPoints: 5000 }] }, '/phases/1'],
    ['filter-invalid', { filter: 'site==' }, '/filter'],
    ['filter-invalid', { exclude: 'site==' }, '/exclude'],
  ])('refuses what making it would refuse: %s', async (code, more, path) => {
    await seedRelease(app.db, 2);
    const { status, problem } = await preview(more);
    expect([status, problem.code, problem.path]).toEqual([422, code, path]);
  });

  it('is for operators, as making it is', async () => {
    const viewer = await app.apiToken('viewer');
    expect((await app.admin('POST', '/rollouts/preview', { token: viewer, body: request })).status).toBe(403);
  });
});
