/** What the owner decides of an update: off, later, by times of theirs, only brought in, or at once. */
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
        if (agent.driver.state().name === 'downloading') return;
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
