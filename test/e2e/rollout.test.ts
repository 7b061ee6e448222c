/** The whole way of a release: signed, published, rolled out, installed, proven or taken back. Real processes throughout. */
import { emptyDatabase } from '@tidegate/server/testing';
import type { AgentStatus } from '@tidegate/agent';
import { verifyRepository } from '@tidegate/signer';
import { expect, test } from 'vitest';
import { type FleetMember, metadataOf, startAgent } from '../src/index.ts';
import { until } from '../src/until.ts';
import { openWorld, type TestWorld } from '../src/world.ts';

async function versionOn({ device }: FleetMember): Promise<string | undefined> {
  return (await device.api.get<AgentStatus>('/v1/status')).components[0]?.version;
}

/** A service that was just started may need a moment until it listens. */
function serviceSays({ device }: FleetMember): Promise<string> {
  return until(`the service of ${device.name} to answer`, async () => {
    const response = await fetch(`http://127.0.0.1:${device.plan.servicePort}/health`);
    return ((await response.json()) as { version: string }).version;
  });
}

function first(world: TestWorld): FleetMember {
  const member = world.fleet.members[0];
  if (!member) throw new Error('the fleet is empty');
  return member;
}

test('a good release ends verified on every device, a faulty one goes back by itself and halts', async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 2 });

  const good = await world.rollOut(await world.publish({ version: '1.1.0', health: 'well' }));
  expect(good).toMatchObject({ state: 'completed', counts: { verified: 2, failed: 0 } });
  expect(await Promise.all(world.fleet.members.map(serviceSays))).toEqual(['1.1.0', '1.1.0']);

  const seen = await verifyRepository({
    source: world.server.deviceUrl,
    root: await metadataOf(world.desk, '1.root.json'),
  });
  expect(seen.targets.map(t => t.path)).toContain('gw2/stable/app/1.1.0/sample-1.1.0.tar');

  const faulty = await world.rollOut(await world.publish({ version: '1.2.0', health: 'ill' }));
  expect(faulty).toMatchObject({ state: 'halted', counts: { verified: 0, rolledBack: 2 } });
  expect(await Promise.all(world.fleet.members.map(versionOn))).toEqual(['1.1.0', '1.1.0']);
  expect(await Promise.all(world.fleet.members.map(serviceSays))).toEqual(['1.1.0', '1.1.0']);
  const codes = (await world.reports(first(world).deviceId)).map(r => r.code);
  expect(codes).toContain('health-failed');

  const mended = await world.rollOut(await world.publish({ version: '1.3.0', health: 'well' }));
  expect(mended).toMatchObject({ state: 'completed', counts: { verified: 2 } });
});

test('the owner switches automatic updates off: nothing installs until the owner applies it', async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
  const member = first(world);
  await member.device.api.send('PUT', '/v1/settings/updates', { automatic: false });

  const { id } = await world.offer(await world.publish({ version: '1.1.0', health: 'well' }));
  const waiting = await until('the offer to wait for its owner', async () => {
    const status = await member.device.api.get<AgentStatus>('/v1/status');
    return status.update?.waits === undefined ? undefined : status;
  });
  expect(waiting).toMatchObject({ state: 'idle', update: { version: '1.1.0', disruption: 'partial' } });
  expect(await serviceSays(member)).toBe('1.0.0');

  await member.device.api.send('POST', '/v1/apply');
  await until('the release to be verified', async () => ((await versionOn(member)) === '1.1.0' ? true : undefined));
  await until('the rollout to complete', async () => {
    const { state } = await world.server.admin.get<{ state: string }>(`/rollouts/${id}`);
    return state === 'completed' ? true : undefined;
  });
});

test.each(['downloading', 'rebooting', 'trial'])(
  'an agent killed in the middle of an update (%s or what follows) ends verified, and its service runs',
  async state => {
    const database = await emptyDatabase();
    await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
    const member = first(world);
    const { id } = await world.offer(await world.publish({ version: '1.1.0', health: 'well' }));
    const order = ['idle', 'downloading', 'installing', 'rebooting', 'trial', 'done'];
    await until(`the agent to reach ${state}`, async () => {
      const status = await member.device.api.get<AgentStatus>('/v1/status');
      const done = status.components[0]?.version === '1.1.0' && status.state === 'idle';
      return done || order.indexOf(status.state) >= order.indexOf(state) ? true : undefined;
    });
    await member.agent.kill();

    await using again = await startAgent(member.device);
    expect(again.pid).toBeGreaterThan(0);
    await until('the rollout to complete', async () => {
      const rollout = await world.server.admin.get<{ state: string }>(`/rollouts/${id}`);
      return rollout.state === 'completed' ? true : undefined;
    });
    expect(await serviceSays(member)).toBe('1.1.0');
  },
);
