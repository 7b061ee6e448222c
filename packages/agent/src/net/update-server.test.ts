import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, verify } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enrolKeyPayload, enrolPayload, tokenPayload } from '@tidegate/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { durableFiles } from '../durable/durable-files.ts';
import { createHttpClient } from './http-client.ts';
import { refusalOf } from './http-refusal.ts';
import { createUpdateServer } from './update-server.ts';

const DEVICE_ID = 'ab'.repeat(16);
const CLAIM_TOKEN = randomBytes(32).toString('base64url');
const BY_CLAIM = { by: 'claim-token', claimToken: CLAIM_TOKEN } as const;
const CHECK_IN = { agentVersion: '0.1.0', hardware: 'gw2-a', channel: 'stable', bootId: DEVICE_ID, components: [] };

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: object;
}

let netDir: string;
let server: Server;
let baseUrl: string;
/** What the server's side saw, and how a test lets it answer. */
let calls: { path: string; body: Record<string, string>; authorization: string | undefined }[];
let answers: Record<string, (body: Record<string, string>) => Answer>;
let publicKey: string;
let monotonicMs: number;

beforeEach(async () => {
  netDir = await mkdtemp(join(tmpdir(), 'tidegate-net-'));
  calls = [];
  monotonicMs = 0;
  let tokens = 0;
  answers = {
    enrol: body => {
      publicKey = body['publicKey'] ?? '';
      return { body: { deviceId: DEVICE_ID, product: 'gw2' } };
    },
    nonce: () => ({ body: { nonce: 'n1', expiresInSeconds: 60 } }),
    token: () => ({ body: { accessToken: `token-${++tokens}`, expiresInSeconds: 100 } }),
    'check-in': () => ({ body: { offer: null, stop: [], pollAfterSeconds: 30, later: 'unknown field' } }),
  };
  server = createServer((request, response) => {
    void respond(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(netDir, { recursive: true });
});

async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request);
  const path = request.url?.split('/').at(-1) ?? '';
  calls.push({ path, body, authorization: request.headers.authorization });
  const answer = answers[path]?.(body) ?? { status: 404, body: {} };
  response.writeHead(answer.status ?? 200, answer.headers).end(JSON.stringify(answer.body));
}

async function read(request: IncomingMessage): Promise<Record<string, string>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return (text ? JSON.parse(text) : {}) as Record<string, string>;
}

const open = () =>
  createUpdateServer({
    http: createHttpClient(),
    httpAs: identity => createHttpClient({ identity }),
    baseUrl,
    product: 'gw2',
    netDir,
    files: durableFiles,
    clock: { now: () => 0, monotonicMs: () => monotonicMs },
  });

function signedBy(spki: string, payload: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' });
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(hash, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
}

test('enrols with a proof of its own key and is still known after a restart', async () => {
  const agent = await open();
  expect(agent.enrolled()).toBe(false);
  expect(await agent.enrol(BY_CLAIM)).toEqual({ deviceId: DEVICE_ID, product: 'gw2' });
  expect(signedBy(publicKey, enrolPayload(CLAIM_TOKEN), calls[0]?.body['proof'] ?? '')).toBe(true);
  expect((await open()).deviceId()).toBe(DEVICE_ID);
  expect((await stat(join(netDir, 'device-key.pem'))).mode & 0o777).toBe(0o600);
});

test('enrols by a registered key with a proof over the server’s nonce', async () => {
  answers['enrol-key'] = body => {
    publicKey = body['publicKey'] ?? '';
    return { body: { deviceId: DEVICE_ID, product: 'gw2' } };
  };
  const agent = await open();
  await agent.enrol({ by: 'registered-key' });
  const { nonce, proof = '' } = calls[1]?.body ?? {};
  expect([nonce, signedBy(publicKey, enrolKeyPayload('n1'), proof)]).toEqual(['n1', true]);
});

test('does not show a certificate that is none, or not for its key', async () => {
  const agent = await open();
  await expect(agent.enrol({ by: 'certificate', certificate: 'x' })).rejects.toThrow('PEM');
  expect(calls).toEqual([]);
});

test('signs with a P-256 key that the factory put there, and takes no other kind', async () => {
  const path = join(netDir, 'device-key.pem');
  const put = (key: KeyObject) => writeFile(path, key.export({ format: 'pem', type: 'pkcs8' }));
  await put(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  await (await open()).enrol(BY_CLAIM);
  expect(signedBy(publicKey, enrolPayload(CLAIM_TOKEN), calls[0]?.body['proof'] ?? '')).toBe(true);
  await put(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
  await expect((await open()).enrol(BY_CLAIM)).rejects.toThrow('neither');
});

test('stores nothing where the server answers for another product', async () => {
  const agent = await open();
  answers['enrol'] = () => ({ body: { deviceId: DEVICE_ID, product: 'cam1' } });
  await expect(agent.enrol(BY_CLAIM)).rejects.toThrow('cam1');
  expect(calls[0]?.body).toMatchObject({ product: 'gw2' });
  expect([agent.enrolled(), (await open()).enrolled()]).toEqual([false, false]);
});

test('proves itself over a nonce, then keeps the token until a fifth of its life is left', async () => {
  const agent = await open();
  await agent.enrol(BY_CLAIM);
  await agent.checkIn(CHECK_IN);
  const token = calls.find(c => c.path === 'token');
  expect(signedBy(publicKey, tokenPayload(DEVICE_ID, 'n1'), token?.body['signature'] ?? '')).toBe(true);
  monotonicMs = 79_999;
  await agent.checkIn(CHECK_IN);
  monotonicMs = 80_000;
  await agent.checkIn(CHECK_IN);
  expect(calls.filter(c => c.path === 'check-in').map(c => c.authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-1',
    'Bearer token-2',
  ]);
});

test('fetches another token once when the server no longer takes the old one', async () => {
  const agent = await open();
  await agent.enrol(BY_CLAIM);
  answers['check-in'] = () => ({ status: 401, body: {} });
  await expect(agent.checkIn(CHECK_IN)).rejects.toMatchObject({ code: 'network' });
  expect(calls.map(c => c.path)).toEqual(['enrol', 'nonce', 'token', 'check-in', 'nonce', 'token', 'check-in']);
});

test('keeps the server-given pause and problem in the error', async () => {
  const agent = await open();
  const problem = { type: 'about:blank', title: 'Used', status: 409, code: 'claim-token-used' };
  answers['enrol'] = () => ({ status: 409, headers: { 'retry-after': '17' }, body: problem });
  const error = await agent.enrol(BY_CLAIM).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'network', retryAfterSeconds: 17 });
  expect(refusalOf(error)).toMatchObject({ status: 409, problem: { code: 'claim-token-used' } });
  expect(agent.enrolled()).toBe(false);
});

test('refuses an answer that does not fit, naming the field', async () => {
  const agent = await open();
  await agent.enrol(BY_CLAIM);
  answers['check-in'] = () => ({ body: { offer: null, stop: [], pollAfterSeconds: 'soon' } });
  await expect(agent.checkIn(CHECK_IN)).rejects.toThrow('/pollAfterSeconds');
});
