/** A revocation through one process reaches the others, also a token that they have verified and remember. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase, seedId } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { RepoSim } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { ask, enrolDevice } from './enrolled-device.ts';

test('a device that one process revokes is refused by another that knew its token', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.use(await tempFolder());
  const base = await emptyDatabase();
  closing.defer(() => base.drop());
  const trustedRoot = join(folder.path, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const data = join(folder.path, 'server');
  const start = async () => {
    const plan = { data, trustedRoot, pollSeconds: 60, gateTickSeconds: 60, databaseUrl: base.url };
    const server = await startServerProcess(plan);
    closing.use(server.child);
    return { server, admin: server.admin };
  };
  const [one, other] = [await start(), await start()];
  await one.admin.post('/products', { name: 'gw2' });
  const { deviceId, accessToken } = await enrolDevice(one, 'gw2');
  const facts = { agentVersion: '0.1.0', hardware: 'gw2-a', channel: 'stable', bootId: seedId('boot'), components: [] };
  const checkIn = () => ask(other, 'POST', '/check-in', facts, { authorization: `Bearer ${accessToken}` });
  for (const _ of [1, 2]) expect((await checkIn()).status).toBe(200);

  await one.admin.post(`/devices/${deviceId}/revoke`);
  const refusal = await until('the other process to refuse the device', async () => {
    const answer = await checkIn();
    return answer.status === 200 ? undefined : answer;
  });
  expect(refusal).toMatchObject({ status: 403, json: { code: 'device-revoked' } });
  for (const _ of [1, 2]) expect((await checkIn()).status).toBe(403);
});
