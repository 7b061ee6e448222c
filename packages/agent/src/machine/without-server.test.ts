/** What the device does by the signed lists alone: no server in its config, a silent one, or one that keeps things back. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import type { AgentStatus } from '../owner/status.ts';
import { openTestDevice, type RunningAgent, type TestDevice } from './test-device.ts';

const DAY = 86_400;
const everybody = [{ afterHours: 0, basisPoints: 10_000 }];
// The test device's day is 2026-11-10, nine days after this.
const security = { class: 'security', selfOfferAfterDays: 30, releasedAt: '2026-11-01T00:00:00Z' } as const;

let device: TestDevice;
beforeEach(async () => {
  device = await openTestDevice();
  await device.answerSetup(true);
});
afterEach(() => device[Symbol.asyncDispose]());

const status = (agent: RunningAgent) =>
  agent.owner.call('user', 'GET', '/v1/status', undefined) as Promise<AgentStatus>;
const isSilent = () => {
  throw new AgentError('network', 'nobody answers');
};
const runs = async (agent: RunningAgent) => (await status(agent)).components[0]?.version;

test('without a server a scheduled release goes the whole way, and nobody is told', async () => {
  device.hasServer = false;
  await device.release('1.1.0', 2, 200, { schedule: everybody });
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { state: 'verified' } });
  expect(await device.serves()).toBe('1.1.0');
  expect(agent.floor()).toBe(2);
  expect(device.reports).toEqual([]);
  expect(await status(agent)).toMatchObject({ server: 'none', enrolled: false });
});

test('without a server, and without a schedule, nothing comes', async () => {
  device.hasServer = false;
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  expect(await agent.once()).toEqual({ name: 'idle' });
  expect(await device.serves()).toBe('1.0.0');
});

test('the mirrors are looked at again when it is time, not before', async () => {
  device.hasServer = false;
  let looks = 0;
  device.refreshing = () => {
    looks += 1;
  };
  const agent = await device.boot();
  await agent.driver.runOnce(new AbortController().signal);
  expect(looks).toBe(1);
  expect((await status(agent)).nextCheckInSeconds).toBe(0.75 * 3600);
});

test('off, later and a hold stand above any schedule; "apply now" does not need a server either', async () => {
  device.hasServer = false;
  await device.answerSetup(false);
  const { target } = await device.release('1.1.0', 2, 200, { schedule: everybody });
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { component: 'app' } });
  expect((await status(agent)).update).toMatchObject({ offeredBy: 'device', waits: expect.stringContaining('off') });
  device.held.add(target);
  expect(await agent.once()).toEqual({ name: 'idle' });
  device.held.delete(target);
  await agent.once();
  await agent.owner.call('admin', 'POST', '/v1/apply', undefined);
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
});

test('what is ill goes back and is not tried again by itself, and a newer one is', async () => {
  device.hasServer = false;
  await device.release('1.1.0', 2, 500, { schedule: everybody });
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'rolledBack', code: 'health-failed' } });
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { component: 'app' } });
  expect(await device.serves()).toBe('1.0.0');
  await device.release('1.2.0', 3, 200, { schedule: everybody });
  await agent.once();
  expect(await device.serves()).toBe('1.2.0');
});

test('a server counts as none once it has been silent for the days that the image says, over restarts', async () => {
  await device.release('1.1.0', 2, 200, { schedule: everybody });
  await (await device.boot()).once();
  await device.release('1.2.0', 3, 200, { schedule: everybody });
  device.answering = isSilent;
  for (let day = 1; day < 7; day++) {
    device.pass(DAY);
    const agent = await device.boot();
    await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
    expect(await status(agent)).toMatchObject({ server: 'answers', state: 'idle' });
  }
  device.pass(DAY);
  const agent = await device.boot();
  await agent.once();
  expect(await runs(agent)).toBe('1.2.0');
  expect((await status(agent)).server).toBe('silent');
});

test('a security release that the server withholds is offered to the owner once its days have passed', async () => {
  await device.answerSetup(false);
  await device.release('1.1.0', 2, 200, security);
  device.answering = () => ({ offer: null });
  const agent = await device.boot();
  device.pass(20 * DAY);
  expect(await agent.once()).toEqual({ name: 'idle' });
  device.pass(2 * DAY);
  expect(await agent.once()).toMatchObject({ name: 'idle', waiting: { component: 'app' } });
  // It stays in sight between two looks at the lists, too.
  device.pass(60);
  await agent.once();
  expect((await status(agent)).update).toMatchObject({ version: '1.1.0', offeredBy: 'device' });
  await agent.owner.call('admin', 'PUT', '/v1/settings/updates', { automatic: true });
  expect(await agent.once()).toMatchObject({ last: { state: 'verified' } });
  expect(await runs(agent)).toBe('1.1.0');
  expect(device.reports.every(r => r.rolloutId === undefined)).toBe(true);
  expect(device.told()).toContain('verified');
});

test('a server that offers it and stops it, again and again, delays it and no more', async () => {
  const offer = await device.release('1.1.0', 2, 200, security);
  device.answering = ({ update }) => (update ? { stop: [offer.rolloutId] } : {});
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
  device.pass(30 * DAY);
  await agent.once();
  await agent.once();
  expect(await runs(agent)).toBe('1.1.0');
});

test('killed in the middle, the device goes on with what it had offered to itself', async () => {
  device.hasServer = false;
  await device.release('1.1.0', 2, 200, { schedule: everybody });
  const stop = new AbortController();
  device.fetching = () => {
    stop.abort();
    throw new AgentError('stopped', 'killed');
  };
  const killed = await device.boot();
  await killed.driver.runOnce(stop.signal).catch(() => undefined);
  expect(killed.driver.state()).toMatchObject({ name: 'downloading' });
  device.fetching = () => undefined;
  const agent = await device.boot();
  await agent.once();
  expect(await runs(agent)).toBe('1.1.0');
});
