/** Redis carries the timed work and nothing else: whatever becomes of it, devices are answered and rollouts obey. */
import { join } from 'node:path';
import { pino } from 'pino';
import type { CheckInAnswer, RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { emptyDatabase, jobStores, seedId, seedRelease, startRedis, testPrefix } from '@tidegate/server/testing';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { freePorts } from '../src/free-port.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { ask, type AskedServer, type EnrolledDevice, enrolDevice } from './enrolled-device.ts';

const phases = [{ basisPoints: 10_000 }];
const gate = { soakSeconds: 0, silenceSeconds: 60, maxFailures: 1 };

async function checkIn(server: AskedServer, device: EnrolledDevice, rolloutId?: string): Promise<CheckInAnswer> {
  const facts = {
    agentVersion: '0.1.0',
    hardware: 'gw-a',
    channel: 'stable',
    bootId: seedId('boot'),
    components: [{ component: 'app', version: '1.1.0', counter: 1 }],
  };
  const update = rolloutId === undefined ? {} : { update: { rolloutId, attempt: 1, state: 'downloading' } };
  const headers = { authorization: `Bearer ${device.accessToken}` };
  const answer = await ask(server, 'POST', '/check-in', { ...facts, ...update }, headers);
  expect(answer.status).toBe(200);
  return answer.json as unknown as CheckInAnswer;
}

async function fail(server: AskedServer, device: EnrolledDevice, rolloutId: string): Promise<void> {
  const report = { id: seedId('failed'), rolloutId, attempt: 1, state: 'failed', code: 'health-failed' };
  const body = { reports: [{ ...report, at: '2026-01-01T00:00:00Z' }] };
  const headers = { authorization: `Bearer ${device.accessToken}` };
  expect((await ask(server, 'POST', '/reports', body, headers)).status).toBe(200);
}

const stores = jobStores().filter(s => s.name === 'Redis');

test.each(stores)('the loss of $name stops no check-in, no halt and no stop, and no start', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await tempFolder());
  const base = await emptyDatabase();
  closing.defer(() => base.drop());
  const [port = 0] = await freePorts(1);
  const redis = await startRedis(folder.path, port);
  closing.defer(() => redis.kill().catch(() => undefined));
  const trustedRoot = join(folder.path, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const start = async () => {
    const server = await startServerProcess({
      data: join(folder.path, 'server'),
      trustedRoot,
      pollSeconds: 60,
      gateTickSeconds: 0.2,
      databaseUrl: base.url,
      redis: { url: redis.url, prefix: testPrefix() },
    });
    return { server, admin: server.admin };
  };

  const first = await start();
  const db = openDatabase(base.url, pino({ level: 'silent' }));
  closing.defer(() => db.destroy());
  const [faulty, later] = [await seedRelease(db, 2), await seedRelease(db, 3)];
  const device = await enrolDevice(first, 'gw');
  const rollout = await first.admin.post<RolloutView>('/rollouts', { target: faulty.target, phases, gate });
  expect((await checkIn(first, device)).offer).toMatchObject({ rolloutId: rollout.id });

  await redis.kill();
  expect((await checkIn(first, device)).offer).toMatchObject({ rolloutId: rollout.id });
  await fail(first, device, rollout.id);
  await until('the gate to halt without Redis', async () => {
    const { state } = await first.admin.get<RolloutView>(`/rollouts/${rollout.id}`);
    return state === 'halted' || undefined;
  });
  const next = await first.admin.post<RolloutView>('/rollouts', { target: later.target, phases, gate });
  expect((await checkIn(first, device)).offer).toMatchObject({ rolloutId: next.id });
  await first.admin.post(`/rollouts/${next.id}/stop`);
  expect(await checkIn(first, device, next.id)).toMatchObject({ offer: null, stop: [next.id] });
  await first.server.child.stop();

  const second = await start();
  closing.defer(async () => void (await second.server.child.stop()));
  expect(await checkIn(second, device, next.id)).toMatchObject({ offer: null, stop: [next.id] });
});
