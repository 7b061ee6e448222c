import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Answer,
  type TestApp,
  testApp,
  testClaimTokens,
  type TestDeviceKey,
  testDeviceKey,
} from '../testing/test-app.ts';

let app: TestApp;
let operator: string;
beforeAll(async () => {
  app = await testApp();
  operator = await app.apiToken('operator');
  for (const name of ['gw2', 'cam1']) await app.admin('POST', '/products', { token: operator, body: { name } });
});
afterAll(() => app.close());

async function register(key: TestDeviceKey, product = 'gw2'): Promise<void> {
  const headers = { 'content-type': 'text/csv' };
  const body = `product,publicKey\n${product},${key.publicKey}\n`;
  await app.admin('POST', '/device-keys', { token: operator, headers, body });
}

async function nonce(): Promise<string> {
  return ((await app.device('GET', '/nonce')).json as { nonce: string }).nonce;
}

async function enrol(key: TestDeviceKey, product = 'gw2'): Promise<Answer> {
  return app.device('POST', '/enrol-key', { body: key.keyEnrolment(await nonce(), product) });
}

it.each(['Ed25519', 'P-256'] as const)('enrols a registered %s key, and gives it the same answer again', async kind => {
  const key = testDeviceKey(kind);
  await register(key);
  const first = await enrol(key);
  expect(first).toMatchObject({ status: 200, json: { product: 'gw2' } });
  expect((await enrol(key)).json).toEqual(first.json);
  const { deviceId } = first.json as { deviceId: string };
  expect(await app.device('POST', '/token', { body: key.assertion(deviceId, await nonce()) })).toMatchObject({
    status: 200,
  });
  const device = await app.admin('GET', `/devices/${deviceId}`, { token: operator });
  expect(device.json).toMatchObject({ enrolledBy: 'public-key', product: 'gw2' });
});

it('gives one device to two requests at once', async () => {
  const key = testDeviceKey();
  await register(key);
  const [one, two] = await Promise.all([enrol(key), enrol(key)]);
  expect(one).toMatchObject({ status: 200 });
  expect(two?.json).toEqual(one?.json);
});

it('refuses a key that nobody registered, and one registered for another product', async () => {
  const key = testDeviceKey();
  expect(await enrol(key)).toMatchObject({ status: 403, json: { code: 'key-unknown' } });
  await register(key, 'cam1');
  expect(await enrol(key)).toMatchObject({ status: 403, json: { code: 'wrong-product' } });
  expect(await enrol(key, 'cam1')).toMatchObject({ status: 200 });
});

it('refuses a nonce that is stale, made elsewhere or spent, and a proof of another key', async () => {
  const key = testDeviceKey();
  await register(key);
  const stale = key.keyEnrolment(await nonce());
  app.clock.advance(61);
  const spent = key.keyEnrolment(await nonce());
  expect(await app.device('POST', '/enrol-key', { body: spent })).toMatchObject({ status: 200 });
  const foreign = key.keyEnrolment(Buffer.alloc(54).toString('base64url'));
  for (const body of [stale, spent, foreign]) {
    expect(await app.device('POST', '/enrol-key', { body })).toMatchObject({
      status: 401,
      json: { code: 'nonce-invalid' },
    });
  }
  const fresh = await nonce();
  const forged = { ...key.keyEnrolment(fresh), proof: testDeviceKey().keyEnrolment(fresh).proof };
  expect(await app.device('POST', '/enrol-key', { body: forged })).toMatchObject({
    json: { code: 'signature-invalid' },
  });
});

it('does not let a proof for one purpose stand in for another', async () => {
  const key = testDeviceKey();
  await register(key);
  const deviceId = ((await enrol(key)).json as { deviceId: string }).deviceId;
  const fresh = await nonce();
  const body = { ...key.keyEnrolment(fresh), proof: key.assertion(deviceId, fresh).signature };
  expect(await app.device('POST', '/enrol-key', { body })).toMatchObject({ json: { code: 'signature-invalid' } });
});

it('does not let a revoked device in again by its registered key', async () => {
  const key = testDeviceKey();
  await register(key);
  const { deviceId } = (await enrol(key)).json as { deviceId: string };
  await app.admin('POST', `/devices/${deviceId}/revoke`, { token: operator });
  expect(await enrol(key)).toMatchObject({ status: 403, json: { code: 'device-revoked' } });
});

it('gives a device that enrolled by a claim token its own id where its key is registered for the same product', async () => {
  const [claimToken = ''] = await testClaimTokens(app, 1);
  const key = testDeviceKey();
  const first = await app.device('POST', '/enrol', { body: key.enrolment(claimToken) });
  await register(key);
  expect((await enrol(key)).json).toEqual(first.json);
});
