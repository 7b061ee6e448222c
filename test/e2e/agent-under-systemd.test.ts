/** The agent as its units run it: resident, telling its service manager how it fares, and once for each call of a timer. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import type { RolloutView } from '@tidegate/protocol';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { AGENT_CLI, manufacture, startAgent } from '../src/device.ts';
import { freePorts } from '../src/free-port.ts';
import { openNotifySocket } from '../src/notify-socket.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { openWorld } from '../src/world.ts';

test('a resident agent says that it is ready, that it is alive again and again, and that it stops', async () => {
  await using folder = await tempFolder('tg');
  const [serverPort = 0, servicePort = 0] = await freePorts(2);
  const rootFile = join(folder.path, 'root.json');
  await writeFile(rootFile, new RepoSim().root());
  const device = await manufacture({
    name: 'device',
    folder: join(folder.path, 'device'),
    socketFolder: folder.path,
    product: 'gw2',
    hardware: 'gw2-a',
    // Nobody is there: an agent without its server is ready and alive all the same.
    serverUrl: `http://127.0.0.1:${serverPort}`,
    rootFile,
    builtAt: '2026-01-01T00:00:00Z',
    servicePort,
  });
  await using systemd = await openNotifySocket(folder.path);
  await using agent = await startAgent(device, { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: '400000' });
  const alive = (messages: string[]) => messages.filter(m => m.split('|').includes('WATCHDOG=1'));
  await until('three signs of life', async () => alive(await systemd.messages()).length >= 3 || undefined);
  expect(await agent.stop()).toBe(0);
  const messages = await systemd.messages();
  expect(messages[0]).toMatch(/^READY=1\|STATUS=.+|^STATUS=.+\|READY=1/);
  expect(messages.at(-1)).toContain('STOPPING=1');
});

test('an agent run once for each call of a timer goes on where the last run could not, and brings an update to verified', async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({ databaseUrl: database.url, devices: 1 });
  const member = world.fleet.members[0];
  if (!member) throw new Error('the fleet is empty');
  const { device, agent } = member;
  await agent.stop();
  const { id } = await world.offer(await world.publish({ version: '1.1.0', health: 'well' }));
  const rollout = () => world.server.admin.get<RolloutView>(`/rollouts/${id}`);

  const runOnce = async () => (await runToEnd([AGENT_CLI, 'run', '--once', '--config', device.configFile])).code;

  // 75: not now, the next run goes on.
  const port = Number(new URL(world.server.deviceUrl).port);
  await world.server.child.stop();
  expect(await runOnce()).toBe(75);
  await world.moveServer(port);
  await until('further runs to complete the rollout', async () => {
    expect([0, 75]).toContain(await runOnce());
    return (await rollout()).state === 'completed' || undefined;
  });
  expect(await rollout()).toMatchObject({ counts: { verified: 1, failed: 0 } });
  const health = await fetch(`http://127.0.0.1:${device.plan.servicePort}/health`);
  expect(await health.json()).toMatchObject({ version: '1.1.0' });

  // The service outlives each run; an agent that is told to takes it along.
  await (await startAgent(device)).stop();
  await expect(fetch(`http://127.0.0.1:${device.plan.servicePort}/health`)).rejects.toThrow();
});
