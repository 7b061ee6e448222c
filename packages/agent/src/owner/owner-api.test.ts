import { afterEach, beforeEach, expect, test } from 'vitest';
import { NOW_MS } from '../machine/test-clock.ts';
import { openTestDevice, type RunningAgent, type TestDevice } from '../machine/test-device.ts';
import type { State } from '../machine/state.ts';
import type { OwnerApi } from './owner-api.ts';

let device: TestDevice;
let agent: RunningAgent;
beforeEach(async () => {
  device = await openTestDevice();
  agent = await device.boot();
});
afterEach(() => device[Symbol.asyncDispose]());

const asAdmin = (method: string, path: string, body?: unknown, api: OwnerApi = agent.owner) =>
  api.call('admin', method, path, body);

/** The machine in a later state of an update that waits. */
async function atWork(name: 'downloading' | 'rebooting' | 'trial'): Promise<OwnerApi> {
  await device.release('1.1.0', 2);
  await agent.settings.change({ automatic: false });
  const { waiting: update } = (await agent.once()) as Extract<State, { name: 'idle' }>;
  if (!update) throw new Error('no update waits');
  const bootId = 'b'.repeat(32);
  const states = {
    downloading: { name: 'downloading', update },
    rebooting: { name: 'rebooting', update, slot: 'b', bootId, activations: 1 },
    trial: { name: 'trial', update, slot: 'b' },
  } as const;
  return agent.ownerIn(states[name]);
}

test.each([
  ['POST', '/v1/setup', { automaticUpdates: true, colour: 'red' }, '/colour'],
  ['PUT', '/v1/settings/updates', { automatic: 'yes' }, '/automatic'],
  ['PUT', '/v1/settings/canary', { canary: 'yes' }, '/canary'],
  ['PUT', '/v1/settings/window', { window: [] }, '/window'],
  ['PUT', '/v1/settings/window', { window: [{ days: ['mon'], from: '2', to: '05:00' }] }, '/window/0/from'],
  ['PUT', '/v1/settings/window', { window: [{ days: ['mon'], from: '02:00', to: '02:00' }] }, '/window/0/to'],
  ['POST', '/v1/setup', {}, '/automaticUpdates'],
])('input that does not fit is refused with the path of the field: %s %s', async (method, path, body, field) => {
  await expect(asAdmin(method, path, body)).rejects.toMatchObject({ code: 'invalid-input', path: field });
  expect(agent.settings.get()).toEqual({});
});

test('commands without input take none', async () => {
  await expect(asAdmin('POST', '/v1/check', { force: true })).rejects.toMatchObject({ code: 'invalid-input' });
});

test.each([
  ['POST', '/v1/setup'],
  ['PUT', '/v1/settings/updates'],
  ['PUT', '/v1/settings/canary'],
  ['PUT', '/v1/settings/window'],
  ['DELETE', '/v1/settings/window'],
  ['POST', '/v1/check'],
  ['POST', '/v1/apply'],
  ['POST', '/v1/postponement'],
  ['DELETE', '/v1/postponement'],
  ['GET', '/v1/security/events'],
])('a user may not %s %s', async (method, path) => {
  await expect(agent.owner.call('user', method, path, {})).rejects.toMatchObject({ code: 'forbidden' });
});

test('a user may read the status', async () => {
  expect(await agent.owner.call('user', 'GET', '/v1/status', undefined)).toMatchObject({
    state: 'idle',
    components: [{ component: 'app', version: '1.0.0', counter: 1 }],
    settings: { automatic: null, postponedUntil: null },
  });
});

test('a device asks to be among the first only while its owner wants that, and the server is told', async () => {
  const told: unknown[] = [];
  device.answering = request => {
    told.push(request.canary);
    return {};
  };
  await asAdmin('POST', '/v1/setup', { automaticUpdates: true });
  for (const canary of [true, false]) {
    expect(await asAdmin('PUT', '/v1/settings/canary', { canary })).toMatchObject({ settings: { canary } });
    await asAdmin('POST', '/v1/check');
    await agent.once();
  }
  expect(told).toEqual([true, undefined]);
});

test('what there is not is told apart from what a path does not take', async () => {
  await expect(asAdmin('GET', '/v1/nothing')).rejects.toMatchObject({ code: 'not-found' });
  await expect(asAdmin('GET', 'toString')).rejects.toMatchObject({ code: 'not-found' });
  await expect(asAdmin('DELETE', '/v1/status')).rejects.toMatchObject({ code: 'method-not-allowed' });
  await expect(asAdmin('constructor', '/v1/status')).rejects.toMatchObject({ code: 'method-not-allowed' });
});

test.each(['rebooting', 'trial'] as const)('while the update is being switched on (%s) it is too late', async name => {
  const owner = await atWork(name);
  for (const [method, path, body] of [
    ['POST', '/v1/apply', undefined],
    ['POST', '/v1/postponement', { seconds: 60 }],
    ['PUT', '/v1/settings/updates', { automatic: false }],
  ] as const)
    await expect(asAdmin(method, path, body, owner)).rejects.toMatchObject({ code: 'too-late' });
  expect(agent.settings.get()).toEqual({ automatic: false });
});

test('during a download the owner may still put it off', async () => {
  const owner = await atWork('downloading');
  await asAdmin('POST', '/v1/postponement', { seconds: 60 }, owner);
  expect(agent.settings.get().postponedUntilMs).toBe(NOW_MS + 60_000);
});

test.each([
  [{ until: new Date(NOW_MS - 1).toISOString() }, '/until'],
  [{ until: new Date(NOW_MS).toISOString() }, '/until'],
  [{ until: '2031-01-01T00:00:00Z' }, '/until'],
  [{ until: 'next week' }, '/until'],
])('a postponement that is past, too far or no time is refused: %o', async (body, path) => {
  await expect(asAdmin('POST', '/v1/postponement', body)).rejects.toMatchObject({ code: 'invalid-input', path });
  expect(agent.settings.get()).toEqual({});
});

test('a postponement outlives a restart, and can be taken back', async () => {
  expect(await asAdmin('POST', '/v1/postponement', { until: '2026-11-11T00:00:00Z' })).toMatchObject({
    settings: { postponedUntil: '2026-11-11T00:00:00.000Z' },
  });
  const next = await device.boot();
  expect(await asAdmin('DELETE', '/v1/postponement', undefined, next.owner)).toMatchObject({
    settings: { postponedUntil: null },
  });
});

test('the owner’s times outlive a restart, and can be taken back', async () => {
  const window = [{ days: ['sat', 'sun'], from: '22:00', to: '06:00' }];
  expect(await asAdmin('PUT', '/v1/settings/window', { window })).toMatchObject({ settings: { window } });
  const next = await device.boot();
  expect(next.settings.get()).toEqual({ window });
  const status = await asAdmin('DELETE', '/v1/settings/window', undefined, next.owner);
  expect(status).toMatchObject({ settings: { window: null } });
});

test('"apply" asks for the setup answer first, and for something to apply', async () => {
  await expect(asAdmin('POST', '/v1/apply')).rejects.toMatchObject({ code: 'setup-needed' });
  await asAdmin('POST', '/v1/setup', { automaticUpdates: false });
  await expect(asAdmin('POST', '/v1/apply')).rejects.toMatchObject({ code: 'conflict' });
});

test('the status says in plain words what waits and why', async () => {
  await device.release('1.1.0', 2);
  await asAdmin('POST', '/v1/setup', { automaticUpdates: false });
  await agent.once();
  expect(await asAdmin('GET', '/v1/status')).toMatchObject({
    update: { version: '1.1.0', waits: 'Automatic updates are off. Apply it when you like.' },
  });
});
