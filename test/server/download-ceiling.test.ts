/** Two server processes on one database keep to one ceiling of bytes a second, over all rollouts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckInAnswer, RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { emptyDatabase, seedId, seedRelease } from '@tidegate/server/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RepoSim } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { ask, type AskedServer, type EnrolledDevice, enrolDevice } from './enrolled-device.ts';

const DEVICES = 6;
/** 2.5 of them. */
const downloads = { downloadBytesPerSecond: 2_500_000, deviceBytesPerSecond: 1_000_000 };

async function offerTo(server: AskedServer, device: EnrolledDevice): Promise<CheckInAnswer['offer']> {
  const facts = {
    agentVersion: '0.1.0',
    hardware: 'gw-a',
    channel: 'stable',
    bootId: seedId(device.deviceId),
    components: [{ component: 'app', version: '1.1.0', counter: 1 }],
  };
  const headers = { authorization: `Bearer ${device.accessToken}` };
  const answer = await ask(server, 'POST', '/check-in', facts, headers);
  expect(answer.status).toBe(200);
  return (answer.json as unknown as CheckInAnswer).offer;
}

test('two processes let as many devices download at once as the line carries, and another when one has its bytes', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await tempFolder());
  const base = await emptyDatabase();
  closing.defer(() => base.drop());
  const trustedRoot = join(folder.path, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const start = async (): Promise<AskedServer> => {
    const data = join(folder.path, 'server');
    const plan = { data, trustedRoot, pollSeconds: 60, gateTickSeconds: 0.2, databaseUrl: base.url, downloads };
    const server = await startServerProcess(plan);
    closing.use(server.child);
    return { server, admin: server.admin };
  };
  const [first, second] = [await start(), await start()];
  const db = openDatabase(base.url, pino({ level: 'silent' }));
  closing.defer(() => db.destroy());
  const mcu = { component: 'mcu', target: 'gw/stable/mcu/1.3.0/mcu.bin' };
  for (const { target } of [await seedRelease(db, 2), await seedRelease(db, 3, mcu)]) {
    await first.admin.post<RolloutView>('/rollouts', { target, phases: [{ basisPoints: 10_000 }] });
  }
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => enrolDevice(first, 'gw')));
  const offers = async () => {
    const answers = devices.flatMap(device => [first, second].map(server => offerTo(server, device)));
    const ids = devices.flatMap(({ deviceId }) => [deviceId, deviceId]);
    const made = (await Promise.all(answers)).flatMap((offer, i) => (offer ? [`${ids[i]} ${offer.rolloutId}`] : []));
    return new Set(made);
  };

  // Both have seen the rollouts once each has offered; who asked meanwhile stays let in.
  await until('two to be let in', async () => ((await offers()).size >= 2 ? true : undefined));
  const inside = await offers();
  expect(inside.size).toBe(2);
  const [deviceId = '', rolloutId = ''] = [...inside][0]?.split(' ') ?? [];
  const device = devices.find(d => d.deviceId === deviceId);
  const report = { id: seedId('downloaded'), rolloutId, attempt: 1, state: 'downloaded', at: '2026-01-01T00:00:00Z' };
  const headers = { authorization: `Bearer ${device?.accessToken}` };
  expect((await ask(second, 'POST', '/reports', { reports: [report] }, headers)).status).toBe(200);
  await until('a third to be let in', async () => ((await offers()).size > 2 ? true : undefined));
  expect((await offers()).size).toBe(3);
});
