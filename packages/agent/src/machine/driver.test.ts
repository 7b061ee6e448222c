import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { NOW_MS } from './test-clock.ts';
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
  ['automatic updates are off', { automatic: false }],
  ['the owner postponed', { postponedUntilMs: NOW_MS + 1 }],
  ['the setup question is not answered', { automatic: undefined }],
])('nothing is fetched or installed while %s, and the server does not learn why', async (_why, fields) => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  await agent.settings.change(fields);
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { component: 'app' } });
  expect(new Set(device.told())).toEqual(new Set(['offered']));
  expect(await device.serves()).toBe('1.0.0');
});

test('a postponement that is over holds nothing back', async () => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  await agent.settings.change({ postponedUntilMs: NOW_MS });
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
});

describe('a release with a window', () => {
  // The test's clock stands at noon of a Tuesday, in UTC.
  const evening = [{ days: ['tue' as const], from: '18:00', to: '20:00' }];
  const later = { code: 'not-now', retryAfterSeconds: 60 };

  test('is brought in before, waits without a word to the server, and installs when the window opens', async () => {
    device.offer = { ...(await device.release('1.1.0', 2)), window: evening };
    const agent = await device.boot();
    await expect(agent.once()).rejects.toMatchObject(later);
    expect(await agent.owner.call('user', 'GET', '/v1/status', undefined)).toMatchObject({
      state: 'installing',
      update: { waits: expect.stringContaining('Waits for the time'), installsFrom: '2026-11-10T18:00:00.000Z' },
    });
    device.pass(6 * 3600 - 1);
    await expect(agent.once()).rejects.toMatchObject({ code: 'not-now', retryAfterSeconds: 1 });
    expect(await device.serves()).toBe('1.0.0');
    expect(device.told()).toEqual(['offered', 'downloading', 'downloaded']);
    device.pass(1);
    expect(await (await device.boot()).once()).toMatchObject({ last: { state: 'verified' } });
    expect(device.reports.filter(r => r.code)).toEqual([]);
  });

  test('waits for the owner’s times too', async () => {
    device.offer = { ...(await device.release('1.1.0', 2)), window: evening };
    const agent = await device.boot();
    await agent.settings.change({ window: [{ days: ['tue'], from: '19:00', to: '23:00' }] });
    await expect(agent.once()).rejects.toMatchObject(later);
    device.pass(6.5 * 3600);
    await expect(agent.once()).rejects.toMatchObject(later);
    device.pass(3600);
    expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
  });

  test('that closes during the installation is switched on in the next one', async () => {
    device.offer = { ...(await device.release('1.1.0', 2)), window: [{ days: ['tue'], from: '11:00', to: '12:10' }] };
    const agent = await device.boot();
    device.answering = request => {
      // Asked once before the installation, then before the switch.
      if (request.update?.state === 'downloaded') device.pass(400);
      return {};
    };
    await expect(agent.once()).rejects.toMatchObject(later);
    device.answering = () => ({});
    expect(device.told()).toContain('installing');
    expect(device.told()).not.toContain('activating');
    expect(await device.serves()).toBe('1.0.0');
    device.pass(7 * 86_400 - 1800);
    expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
  });

  test('is applied at once where the owner says so', async () => {
    device.offer = { ...(await device.release('1.1.0', 2)), window: evening };
    const agent = await device.boot();
    await expect(agent.once()).rejects.toMatchObject(later);
    await agent.owner.call('admin', 'POST', '/v1/apply', undefined);
    expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
  });

  test('is not even brought in where the owner’s times never meet the maker’s', async () => {
    device.offer = { ...(await device.release('1.1.0', 2)), window: evening };
    const agent = await device.boot();
    await agent.settings.change({ window: [{ days: ['wed'], from: '18:00', to: '20:00' }] });
    expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { component: 'app' } });
    const status = await agent.owner.call('user', 'GET', '/v1/status', undefined);
    expect(status).toMatchObject({ update: { waits: expect.stringContaining('never meet') } });
    expect(device.told()).toEqual(['offered']);
  });

  test('is stopped by the server while it waits, and asked about as seldom as a device at rest asks', async () => {
    const offer = { ...(await device.release('1.1.0', 2)), window: evening, pollDuringUpdateSeconds: 10 };
    device.offer = offer;
    let asked = 0;
    device.answering = () => {
      asked += 1;
      return { pollAfterSeconds: 600 };
    };
    const agent = await device.boot();
    const untilItRests = async () => {
      const rests = new AbortController();
      device.sleeping = ms => {
        device.pass(ms / 1000);
        rests.abort();
      };
      await agent.driver.run(rests.signal);
    };
    for (let rest = 0; rest < 120; rest += 1) await untilItRests();
    expect(agent.driver.state()).toMatchObject({ name: 'installing' });
    // Twenty minutes: the first check-in, the one before the installation, and one for each ten minutes.
    expect(asked).toBeLessThan(6);
    device.offer = undefined;
    device.answering = () => ({ stop: [offer.rolloutId], pollAfterSeconds: 600 });
    for (let rest = 0; rest < 70; rest += 1) await untilItRests();
    expect(agent.driver.state()).toMatchObject({ name: 'idle', last: { code: 'stopped' } });
    expect(await device.serves()).toBe('1.0.0');
  });
});

test('what is urgent to the maker overrules nothing that the owner decided', async () => {
  device.offer = { ...(await device.release('1.1.0', 2)), urgent: true, class: 'security' };
  const agent = await device.boot();
  await agent.settings.change({ automatic: false });
  await agent.once();
  const status = await agent.owner.call('user', 'GET', '/v1/status', undefined);
  expect(status).toMatchObject({ update: { urgent: true, waits: expect.stringContaining('are off') } });
  await agent.settings.change({ automatic: true, window: [{ days: ['wed'], from: '18:00', to: '20:00' }] });
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  expect(await device.serves()).toBe('1.0.0');
});

test('a release that is only to be brought in waits here for its owner, over a restart and without a word to the server', async () => {
  await device.release('1.1.0', 2);
  let fetches = 0;
  device.fetching = () => {
    fetches += 1;
  };
  const agent = await device.boot();
  await agent.owner.call('admin', 'PUT', '/v1/settings/updates', { automatic: false, downloadFirst: true });
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  expect([fetches, device.told().at(-1), await device.serves()]).toEqual([1, 'downloaded', '1.0.0']);
  const status = await agent.owner.call('user', 'GET', '/v1/status', undefined);
  expect(status).toMatchObject({
    settings: { automatic: false, downloadFirst: true },
    update: { waits: expect.stringContaining('are off') },
  });

  const again = await device.boot();
  await expect(again.once()).rejects.toMatchObject({ code: 'not-now' });
  await again.owner.call('admin', 'POST', '/v1/apply', undefined);
  expect(await again.once()).toMatchObject({ last: { state: 'verified' } });
  expect([fetches, device.reports.filter(r => r.code)]).toEqual([1, []]);
});

test('what was only brought in is dropped where the rollout is stopped, or its maker holds it back', async () => {
  const offer = await device.release('1.1.0', 2);
  const agent = await device.boot();
  await agent.settings.change({ automatic: false, downloadFirst: true });
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  device.offer = undefined;
  device.answering = () => ({ stop: [offer.rolloutId] });
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { code: 'stopped' } });
  const held = await device.release('1.2.0', 3);
  device.answering = () => ({});
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  device.held.add(held.target);
  expect(await agent.once()).toMatchObject({ last: { code: 'held' } });
  expect(await device.serves()).toBe('1.0.0');
});

test('"apply now" goes before "off", for that one release only', async () => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  await agent.settings.change({ automatic: false });
  await agent.once();
  await agent.owner.call('admin', 'POST', '/v1/apply', undefined);
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });

  await device.release('1.2.0', 3);
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { target: { firmware: { version: '1.2.0' } } } });
  expect(await device.serves()).toBe('1.1.0');
});

test('switching updates off just before the installation stops it, and nothing is reported of it', async () => {
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  let turnedOff: Promise<void> | undefined;
  device.answering = request => {
    if (request.update?.state === 'downloaded') turnedOff ??= agent.settings.change({ automatic: false });
    return {};
  };
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  await turnedOff;
  expect(device.told()).not.toContain('activating');
  expect(device.reports.filter(r => r.code)).toEqual([]);
  expect(await device.serves()).toBe('1.0.0');
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

test('a download that never succeeds still hears that the rollout was stopped', async () => {
  const { rolloutId } = await device.release('1.1.0', 2);
  device.fetching = () => {
    throw new AgentError('network', 'the mirror is gone');
  };
  const agent = await device.boot();
  await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
  device.answering = request => (request.update ? { stop: [rolloutId] } : {});
  await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
  device.pass(61);
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { state: 'failed', code: 'stopped' } });
});

test('an update that its owner holds back in the middle still hears of a hold', async () => {
  const { target } = await device.release('1.1.0', 2);
  const agent = await device.boot();
  device.fetching = () => {
    throw new AgentError('network', 'the line is down');
  };
  await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
  await agent.settings.change({ automatic: false });
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  device.pass(61);
  device.refreshing = () => device.held.add(target);
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { state: 'failed', code: 'held' } });
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
