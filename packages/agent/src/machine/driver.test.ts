/** An update on its way through the machine: its states, what is told of each, and what stops it or is done again. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { openTestDevice, type TestDevice } from './test-device.ts';

let device: TestDevice;
beforeEach(async () => {
  device = await openTestDevice();
  await device.answerSetup(true);
});
afterEach(() => device[Symbol.asyncDispose]());

test('an update goes through its states in order, each reported once, and what runs is proved', async () => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { state: 'verified' } });
  expect(device.told()).toEqual([
    'offered',
    'downloading',
    'downloaded',
    'installing',
    'activating',
    'trial',
    'verified',
  ]);
  expect(device.reports.at(-1)).toMatchObject({ version: '1.1.0', counter: 2, sha256: expect.any(String) });
  expect(await device.serves()).toBe('1.1.0');
  expect(agent.floor()).toBe(2);
});

test('a release that is not healthy is left by itself, and tried again only at a higher attempt', async () => {
  const offer = await device.release('1.1.0', 2, 500);
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'rolledBack', code: 'health-failed' } });
  expect(await device.serves()).toBe('1.0.0');
  expect(agent.floor()).toBe(1);

  await agent.once();
  expect(device.told().slice(-2)).toEqual(['rolledBack health-failed', 'failed health-failed']);
  expect(device.told().filter(s => s === 'trial')).toHaveLength(1);

  device.offer = { ...offer, attempt: 2 };
  await (await device.boot()).once();
  expect(device.told().filter(s => s === 'trial')).toHaveLength(2);
});

test('the owner may ask for one more try of what failed, and gets one', async () => {
  await device.release('1.1.0', 2, 500);
  let fetches = 0;
  device.fetching = () => {
    fetches += 1;
  };
  const agent = await device.boot();
  await agent.once();
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { attempt: 1 } });
  expect(await agent.owner.call('user', 'GET', '/v1/status', undefined)).toMatchObject({
    update: { waits: expect.stringContaining('failed here before') },
  });
  expect(fetches).toBe(1);
  await agent.owner.call('admin', 'POST', '/v1/apply', undefined);
  expect(await agent.once()).toMatchObject({ last: { state: 'rolledBack', code: 'health-failed' } });
  expect(fetches).toBe(2);
  await agent.once();
  expect(fetches).toBe(2);
  expect(await device.serves()).toBe('1.0.0');
});

test('a server that keeps raising the attempt is not followed without end', async () => {
  const offer = await device.release('1.1.0', 2, 500);
  const agent = await device.boot();
  for (const attempt of [1, 2, 3, 4, 5, 6, 7, 1000]) {
    device.offer = { ...offer, attempt };
    await agent.once();
  }
  expect(device.told().filter(s => s === 'trial')).toHaveLength(5);
});

test.each([
  ['installing', 1],
  ['activating', 2],
])('a stop by the server before %s discards the update', async (_step, atAsking) => {
  const { rolloutId } = await device.release('1.1.0', 2);
  let asked = 0;
  device.answering = request => {
    if (request.update?.state === 'downloaded') asked += 1;
    return asked >= atAsking ? { stop: [rolloutId] } : {};
  };
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
  expect(device.told().includes('installing')).toBe(atAsking === 2);
  expect(device.told()).not.toContain('activating');
  expect((await agent.installer.slots()).records.b).toBeUndefined();
  expect(await device.serves()).toBe('1.0.0');
});

test.each([
  ['installing', 2],
  ['activating', 3],
])('a hold found before %s discards the update', async (_step, atRefresh) => {
  const { target } = await device.release('1.1.0', 2);
  let refreshes = 0;
  device.refreshing = () => {
    refreshes += 1;
    if (refreshes === atRefresh) device.held.add(target);
  };
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'held' } });
  expect(device.told()).not.toContain('activating');
  expect((await agent.installer.slots()).records.b).toBeUndefined();
});

test('bytes that were not signed are refused, and do not keep the honest ones of the same release away', async () => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  device.spoilNextDownload();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'artifact-hash' } });
  expect(await agent.owner.call('admin', 'GET', '/v1/security/events', undefined)).toMatchObject({
    events: [{ code: 'artifact-hash' }],
  });
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
});

test('lists that ended in the middle of a download stop it until newer ones come, and only until then', async () => {
  await device.release('1.1.0', 2);
  device.listedUntil = '2026-11-10T12:00:30Z';
  const agent = await device.boot();
  device.fetching = () => {
    throw new AgentError('network', 'the line is down');
  };
  await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
  device.fetching = () => undefined;
  device.pass(61);
  await expect(agent.once()).rejects.toMatchObject({ code: 'metadata-expired' });
  expect(await device.serves()).toBe('1.0.0');

  device.refreshing = () => {
    device.listedUntil = '2026-12-01T00:00:00Z';
  };
  device.pass(61);
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
});

test('an artifact that somebody cleared away before the installation is fetched again', async () => {
  await device.release('1.1.0', 2);
  device.answering = request => {
    if (request.update?.state === 'downloaded') rmSync(join(device.folder, 'artifact'), { force: true });
    return {};
  };
  expect(await (await device.boot()).once()).toMatchObject({ last: { state: 'verified' } });
});

test('a device that is not enrolled says so and asks nobody', async () => {
  device.isEnrolled = false;
  const agent = await device.boot();
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now', message: expect.stringContaining('enrol') });
});

test('an offer that no signed list names is refused before anything is fetched', async () => {
  const offer = await device.release('1.1.0', 2);
  device.offer = { ...offer, target: 'gw2/stable/app/9.9.9/app.bin', counter: 9 };
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'target-not-signed' } });
  expect(device.told()).toEqual(['failed target-not-signed']);
});

test('without journal and floors the device still knows from its slots below what it must not go', async () => {
  await device.release('1.1.0', 2);
  await (await device.boot()).once();
  for (const lost of ['journal.json', 'floors.a.json', 'floors.b.json']) await rm(join(device.folder, 'trust', lost));
  const agent = await device.boot();
  expect(agent.floor()).toBe(1);
  await agent.once();
  expect(agent.floor()).toBe(2);
});

test('unproven software that runs although nobody remembers its trial is given up', async () => {
  await device.release('1.1.0', 2);
  const stop = new AbortController();
  let asked = 0;
  device.answering = request => {
    if (request.update?.state === 'downloaded') asked += 1;
    if (asked === 2) stop.abort();
    return {};
  };
  const agent = await device.boot();
  await agent.driver.runOnce(stop.signal);
  expect(agent.driver.state().name).toBe('rebooting');
  await agent.driver.runOnce(stop.signal);
  expect(await device.serves()).toBe('1.1.0');

  await rm(join(device.folder, 'trust/journal.json'));
  device.offer = undefined;
  const next = await device.boot();
  await next.once();
  expect(await device.serves()).toBe('1.0.0');
  expect(next.floor()).toBe(1);
});
