/** How devices and operators prove who they are, over HTTP, and what the log keeps of it: who and what, never a secret. */
import { emptyDatabase, randomClaimToken, testDeviceKey } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type Answer, ask, claimToken, enrolDevice, nonce } from './enrolled-device.ts';

let database: Awaited<ReturnType<typeof emptyDatabase>>;
let server: OwnServer;
beforeAll(async () => {
  database = await emptyDatabase();
  server = await startOwnServer({ databaseUrl: database.url, root: new RepoSim().root() });
  await server.admin.post('/products', { name: 'gw2' });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

const post = (path: string, body: unknown, headers?: Record<string, string>): Promise<Answer> =>
  ask(server, 'POST', path, body, headers);

test('a device enrols once, as often as it must ask, and nobody else in its place', async () => {
  const { key, claimToken: used, deviceId } = await enrolDevice(server, 'gw2');
  expect(await post('/enrol', key.enrolment(used))).toMatchObject({ status: 200, json: { deviceId, product: 'gw2' } });
  const stranger = testDeviceKey();
  const refusals = [
    [stranger.enrolment(used), 409, 'claim-token-used'],
    [key.enrolment(await claimToken(server, 'gw2')), 409, 'key-known'],
    [stranger.enrolment(randomClaimToken()), 403, 'claim-token-invalid'],
    [{ ...stranger.enrolment(used), publicKey: key.publicKey }, 401, 'signature-invalid'],
  ] as const;
  for (const [body, status, code] of refusals) {
    expect(await post('/enrol', body)).toMatchObject({ status, json: { code } });
  }
});

test('a nonce opens the door once, to the key that it was signed with', async () => {
  const { key, deviceId } = await enrolDevice(server, 'gw2');
  const assertion = key.assertion(deviceId, await nonce(server));
  expect((await post('/token', assertion)).status).toBe(200);
  expect(await post('/token', assertion)).toMatchObject({ status: 401, json: { code: 'nonce-invalid' } });
  const forged = testDeviceKey().assertion(deviceId, await nonce(server));
  expect(await post('/token', forged)).toMatchObject({ status: 401, json: { code: 'signature-invalid' } });
});

test('the log tells who came, and holds no secret of what was taken or refused', async () => {
  const device = await enrolDevice(server, 'gw2');
  const [unused, freshNonce] = [await claimToken(server, 'gw2'), await nonce(server)];
  const enrolment = testDeviceKey().enrolment(device.claimToken);
  const assertion = device.key.assertion(device.deviceId, freshNonce);
  const { token } = await server.admin.post<{ token: string }>('/tokens', { name: 'ci', role: 'releaser' });
  const bearer = { authorization: `Bearer ${device.accessToken}` };
  await post('/enrol', enrolment);
  await post('/enrol', { ...device.key.enrolment(unused), extra: 1 });
  await post('/token', { ...assertion, deviceId: '0'.repeat(32) });
  await post('/check-in', '{', bearer);
  await post('/check-in', {}, { authorization: `Bearer ${device.accessToken}x` });
  await server.admin.post(`/devices/${device.deviceId}/revoke`);

  const log = server.log();
  expect(log).toContain(device.deviceId);
  expect(log).toContain('claim-token-used');
  const secrets = {
    adminToken: server.adminToken,
    apiToken: token,
    usedClaimToken: device.claimToken,
    unusedClaimToken: unused,
    accessToken: device.accessToken,
    nonce: freshNonce,
    proof: enrolment.proof,
    signature: assertion.signature,
  };
  expect(Object.values(secrets).every(secret => secret.length >= 40)).toBe(true);
  expect(Object.entries(secrets).flatMap(([name, secret]) => (log.includes(secret) ? name : []))).toEqual([]);
});
