import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  randomClaimToken,
  type TestApp,
  testApp,
  testClaimTokens,
  type TestDeviceKey,
  testDeviceKey,
} from '../testing/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});
afterAll(() => app.close());

const checkIn = { agentVersion: '1.0.0', hardware: 'gw2-a', channel: 'stable', bootId: 'a'.repeat(32), components: [] };

async function enrolled(): Promise<{ key: TestDeviceKey; deviceId: string; claimToken: string }> {
  const [claimToken = ''] = await testClaimTokens(app, 1);
  const key = testDeviceKey();
  const answer = await app.device('POST', '/enrol', { body: key.enrolment(claimToken) });
  return { key, claimToken, deviceId: (answer.json as { deviceId: string }).deviceId };
}

async function nonce(): Promise<string> {
  return ((await app.device('GET', '/nonce')).json as { nonce: string }).nonce;
}

async function accessToken(key: TestDeviceKey, deviceId: string): Promise<string> {
  const answer = await app.device('POST', '/token', { body: key.assertion(deviceId, await nonce()) });
  return (answer.json as { accessToken: string }).accessToken;
}

describe('enrolment', () => {
  it('gives the same token with the same key the same answer, however often and late', async () => {
    const { key, claimToken, deviceId } = await enrolled();
    app.clock.advance(400 * 86_400);
    const again = await app.device('POST', '/enrol', { body: key.enrolment(claimToken) });
    expect(again).toMatchObject({ status: 200, json: { deviceId, product: 'gw2' } });
  });

  it('puts a device into the group of its claim token', async () => {
    const token = await app.apiToken('operator');
    const body = { product: 'gw2', count: 1, group: 'pilot' };
    const { json } = await app.admin('POST', '/claim-tokens', { token, body });
    const [claimToken = ''] = (json as { tokens: string[] }).tokens;
    const answer = await app.device('POST', '/enrol', { body: testDeviceKey().enrolment(claimToken) });
    const { deviceId } = answer.json as { deviceId: string };
    expect((await app.admin('GET', `/devices/${deviceId}`, { token })).json).toMatchObject({
      group: 'pilot',
      tags: [],
    });
  });

  it('lets one of two keys win that use a token at once', async () => {
    const [claimToken = ''] = await testClaimTokens(app, 1);
    const keys = [testDeviceKey(), testDeviceKey()];
    const answers = await Promise.all(keys.map(k => app.device('POST', '/enrol', { body: k.enrolment(claimToken) })));
    expect(answers.map(a => a.status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect(answers.find(a => a.status === 409)?.json).toMatchObject({ code: 'claim-token-used' });
  });

  it('refuses a key that is enrolled under another token', async () => {
    const { key } = await enrolled();
    const [other = ''] = await testClaimTokens(app, 1);
    const answer = await app.device('POST', '/enrol', { body: key.enrolment(other) });
    expect(answer).toMatchObject({ status: 409, json: { code: 'key-known' } });
  });

  it('refuses unknown and expired tokens alike', async () => {
    const [expired = ''] = await testClaimTokens(app, 1);
    app.clock.advance(31 * 86_400);
    for (const token of [randomClaimToken(), expired]) {
      const answer = await app.device('POST', '/enrol', { body: testDeviceKey().enrolment(token) });
      expect(answer).toMatchObject({ status: 403, json: { code: 'claim-token-invalid' } });
    }
  });

  it('asks for proof that the sender holds the key, and uses up nothing without', async () => {
    const [claimToken = ''] = await testClaimTokens(app, 1);
    const key = testDeviceKey();
    const forged = { ...key.enrolment(claimToken), proof: testDeviceKey().enrolment(claimToken).proof };
    expect(await app.device('POST', '/enrol', { body: forged })).toMatchObject({ json: { code: 'signature-invalid' } });
    const odd = { ...key.enrolment(claimToken), publicKey: 'AAAA' };
    expect(await app.device('POST', '/enrol', { body: odd })).toMatchObject({ json: { path: '/publicKey' } });
    expect((await app.device('POST', '/enrol', { body: key.enrolment(claimToken) })).status).toBe(200);
  });
});

describe('a used claim token with another key', () => {
  it('raises an alarm about the device that used it, though the enrolment is refused', async () => {
    const { claimToken, deviceId } = await enrolled();
    const answer = await app.device('POST', '/enrol', { body: testDeviceKey().enrolment(claimToken) });
    expect(answer).toMatchObject({ status: 409, json: { code: 'claim-token-used' } });
    const device = await app.admin('GET', `/devices/${deviceId}`, { token: await app.apiToken('viewer') });
    expect(device.json).toMatchObject({ alarms: [{ alarm: 'claim-token-used', at: expect.any(String) }] });
  });
});

describe('a claim token of another product', () => {
  it('is refused before it is used up, and the key is not enrolled by it', async () => {
    const [claimToken = ''] = await testClaimTokens(app, 1);
    const key = testDeviceKey();
    const wrong = await app.device('POST', '/enrol', { body: key.enrolment(claimToken, 'cam1') });
    expect(wrong).toMatchObject({ status: 403, json: { code: 'wrong-product', path: '/product' } });
    expect((await app.device('POST', '/enrol', { body: key.enrolment(claimToken) })).status).toBe(200);
  });
});

describe('a P-256 key', () => {
  it('enrols and gets in as an Ed25519 key does', async () => {
    const [claimToken = ''] = await testClaimTokens(app, 1);
    const key = testDeviceKey('P-256');
    const answer = await app.device('POST', '/enrol', { body: key.enrolment(claimToken) });
    const { deviceId } = answer.json as { deviceId: string };
    const token = await accessToken(key, deviceId);
    expect((await app.device('POST', '/check-in', { token, body: checkIn })).status).toBe(200);
  });
});

describe('an access token', () => {
  it('is given for a signature over a fresh nonce, and opens the check-in', async () => {
    const { key, deviceId } = await enrolled();
    const token = await accessToken(key, deviceId);
    expect((await app.device('POST', '/check-in', { token, body: checkIn })).status).toBe(200);
  });

  it('is given once for a nonce', async () => {
    const { key, deviceId } = await enrolled();
    const assertion = key.assertion(deviceId, await nonce());
    const answers = await Promise.all([1, 2].map(() => app.device('POST', '/token', { body: assertion })));
    expect(answers.map(a => a.status).toSorted((a, b) => a - b)).toEqual([200, 401]);
  });

  it('is not given for a nonce that is stale, changed, spelt otherwise or made elsewhere', async () => {
    const { key, deviceId } = await enrolled();
    const stale = await nonce();
    app.clock.advance(61);
    const fresh = await nonce();
    const changed = (fresh.startsWith('A') ? 'B' : 'A') + fresh.slice(1);
    for (const text of [stale, changed, `${fresh}=`, Buffer.alloc(54).toString('base64url'), 'x']) {
      const answer = await app.device('POST', '/token', { body: key.assertion(deviceId, text) });
      expect(answer).toMatchObject({ status: 401, json: { code: 'nonce-invalid' } });
    }
  });

  it('is not given to another key, nor for another device', async () => {
    const [one, two] = [await enrolled(), await enrolled()];
    for (const assertion of [
      two.key.assertion(one.deviceId, await nonce()),
      { ...one.key.assertion(one.deviceId, await nonce()), deviceId: two.deviceId },
      one.key.assertion('0'.repeat(32), await nonce()),
    ]) {
      const answer = await app.device('POST', '/token', { body: assertion });
      expect(answer).toMatchObject({ status: 401, json: { code: 'signature-invalid' } });
    }
  });

  it('ends after an hour, and says so', async () => {
    const { key, deviceId } = await enrolled();
    const token = await accessToken(key, deviceId);
    app.clock.advance(3601);
    const answer = await app.device('POST', '/check-in', { token, body: checkIn });
    expect(answer).toMatchObject({ status: 401, json: { code: 'token-expired' } });
  });

  it('is refused where it was changed, or signed without a key', async () => {
    const { key, deviceId } = await enrolled();
    const [head = '', body = '', signature = ''] = (await accessToken(key, deviceId)).split('.');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
    const other = Buffer.from(JSON.stringify({ ...claims, sub: '0'.repeat(32) })).toString('base64url');
    for (const token of [
      '',
      'x',
      `${head}.${other}.${signature}`,
      `${none}.${body}.`,
      `${none}.${body}.${signature}`,
    ]) {
      const answer = await app.device('POST', '/check-in', { token, body: checkIn });
      expect(answer).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
    }
  });

  it('is worth nothing once its device is revoked, nor can it be had again', async () => {
    const { key, deviceId } = await enrolled();
    const token = await accessToken(key, deviceId);
    await app.admin('POST', `/devices/${deviceId}/revoke`, { token: await app.apiToken('operator') });
    await app.revocations.refresh();
    const refused = { status: 403, json: { code: 'device-revoked' } };
    expect(await app.device('POST', '/check-in', { token, body: checkIn })).toMatchObject(refused);
    const assertion = key.assertion(deviceId, await nonce());
    expect(await app.device('POST', '/token', { body: assertion })).toMatchObject(refused);
  });
});
