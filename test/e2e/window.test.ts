/** Windows and the urgent lane, on real processes: judged by the device's own clock, over a restart of its agent. */
import { join } from 'node:path';
import type { AgentStatus } from '@tidegate/agent';
import { type RolloutView, WEEKDAYS, type Window } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { type Device, startAgent } from '../src/index.ts';
import { packSample } from '../src/sample-service.ts';
import { until } from '../src/until.ts';
import { openWorld, PRODUCT, type TestWorld } from '../src/world.ts';

/** From an hour before now by UTC to two hours after: no test comes near its edges. */
function windowAroundNow(): Window {
  const time = (hours: number) => new Date(Date.now() + hours * 3600_000).toISOString().slice(11, 16);
  return [{ days: [...WEEKDAYS], from: time(-1), to: time(2) }];
}

const EASTWARD = 'Etc/GMT-6';

const QUICK = {
  phases: [{ basisPoints: 10_000 }],
  gate: { soakSeconds: 0, silenceSeconds: 60 },
  pollDuringUpdateSeconds: 1,
};

function waiting(device: Device, version: string) {
  return until('the update to wait for its time', async () => {
    const { update, state } = await device.api.get<AgentStatus>('/v1/status');
    return update?.version === version && update.waits !== undefined && state === 'installing' ? update : undefined;
  });
}

async function publishSecurity({ desk, server, folder }: TestWorld, version: string): Promise<string> {
  const file = await packSample(join(folder, PRODUCT), { version, health: 'well' });
  const { path } = await desk.release({ file, version, product: PRODUCT, class: 'security' });
  await desk.publish({ adminUrl: server.adminUrl, token: server.adminToken, readBackUrl: server.deviceUrl });
  return path;
}

function rollout(world: TestWorld, id: string): Promise<RolloutView> {
  return world.server.admin.get<RolloutView>(`/rollouts/${id}`);
}

async function completed(world: TestWorld, id: string): Promise<RolloutView> {
  return until('the rollout to complete', async () => {
    const view = await rollout(world, id);
    return view.state === 'completed' ? view : undefined;
  });
}

test('a device waits for the maker’s window by its own clock, and for its owner’s, and neither is a failure', {
  timeout: 300_000,
}, async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
  const [member] = world.fleet.members;
  if (!member) throw new Error('the fleet is empty');
  const { device, agent } = member;
  await agent.stop();
  await using abroad = await startAgent(device, { TZ: EASTWARD });
  const spring = await world.startRollout({
    ...QUICK,
    target: await world.publish({ version: '1.1.0', health: 'well' }),
    window: windowAroundNow(),
  });
  expect(Date.parse((await waiting(device, '1.1.0')).installsFrom ?? '')).toBeGreaterThan(Date.now());
  const seen = await until('the server to hear that it is downloaded', async () => {
    const reports = await world.reports(member.deviceId);
    return reports.some(r => r.state === 'downloaded') ? await rollout(world, spring.id) : undefined;
  });
  expect(seen).toMatchObject({ state: 'running', counts: { offered: 1, begun: 0, failed: 0, neutral: 0 } });
  await abroad.kill();

  await using home = await startAgent(device, { TZ: 'UTC' });
  expect(home.pid).toBeGreaterThan(0);
  expect(await completed(world, spring.id)).toMatchObject({ counts: { verified: 1, failed: 0, neutral: 0 } });

  const elsewhere = (hours: number) => new Date(Date.now() + hours * 3600_000).toISOString().slice(11, 16);
  await device.api.send('PUT', '/v1/settings/window', {
    window: [{ days: [...WEEKDAYS], from: elsewhere(6), to: elsewhere(9) }],
  });
  const target = await world.publish({ version: '1.2.0', health: 'well' });
  const summer = await world.startRollout({ ...QUICK, target });
  await waiting(device, '1.2.0');
  expect(await rollout(world, summer.id)).toMatchObject({ state: 'running', counts: { begun: 0, failed: 0 } });
  await device.api.send('PUT', '/v1/settings/window', { window: windowAroundNow() });
  expect(await completed(world, summer.id)).toMatchObject({ counts: { verified: 1 } });
});

test('an urgent security release takes over a device that waits with another, and still waits for its owner', {
  timeout: 300_000,
}, async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
  const [member] = world.fleet.members;
  if (!member) throw new Error('the fleet is empty');
  const { device } = member;
  await member.agent.stop();
  await using abroad = await startAgent(device, { TZ: EASTWARD });
  expect(abroad.pid).toBeGreaterThan(0);
  const feature = await world.startRollout({
    ...QUICK,
    target: await world.publish({ version: '1.1.0', health: 'well' }),
    window: windowAroundNow(),
  });
  await waiting(device, '1.1.0');

  const target = await publishSecurity(world, '1.1.1');
  await device.api.send('PUT', '/v1/settings/updates', { automatic: false });
  const urgent = await world.startRollout({ ...QUICK, target, urgent: true });
  const told = await until('the urgent release to be told to the owner', async () => {
    const { update } = await device.api.get<AgentStatus>('/v1/status');
    return update?.version === '1.1.1' && update.waits !== undefined ? update : undefined;
  });
  expect(told).toMatchObject({ urgent: true, class: 'security' });
  expect(await rollout(world, feature.id)).toMatchObject({ state: 'running', counts: { failed: 0, begun: 0 } });
  await device.api.send('PUT', '/v1/settings/updates', { automatic: true });
  expect(await completed(world, urgent.id)).toMatchObject({ counts: { verified: 1 } });
});
