/** Bad input from outside: a clear problem with a stable code and the place of the fault, and nothing done. */
import { ADMIN_API, DEVICE_API, METADATA_BASE, type Problem, TARGETS_BASE } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { push } from '../src/push.ts';
import { RepoSim, sha256 } from '../src/repo-sim.ts';

let database: Awaited<ReturnType<typeof emptyDatabase>>;
let server: OwnServer;
let target: string;
const image = Buffer.from('0123456789');

beforeAll(async () => {
  const repo = new RepoSim();
  target = repo.release(image, { version: '1.0.0', counter: 1 });
  database = await emptyDatabase();
  server = await startOwnServer({ databaseUrl: database.url, root: repo.root() });
  await server.admin.post('/products', { name: 'gw2' });
  await push(server, repo);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly problem: Problem;
}

async function send(method: string, url: string, body?: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  return { status: response.status, problem: (await response.json()) as Problem };
}

function admin(method: string, path: string, body: unknown): Promise<Answer> {
  const authorization = `Bearer ${server.adminToken}`;
  return send(method, `${server.server.adminUrl}${ADMIN_API}${path}`, JSON.stringify(body), { authorization });
}

function device(method: string, path: string, body?: string, headers?: Record<string, string>): Promise<Answer> {
  return send(method, `${server.server.deviceUrl}${DEVICE_API}${path}`, body, headers);
}

const phases = [{ basisPoints: 10_000 }];

test.each([
  ['an unknown field', '/products', { name: 'cam1', colour: 'red' }, '/colour'],
  ['a wrong type', '/products', { name: 7 }, '/name'],
  ['a missing field', '/claim-tokens', { product: 'gw2' }, '/count'],
  ['a number out of range', '/claim-tokens', { product: 'gw2', count: 1_000_000 }, '/count'],
  [
    'an unknown field within',
    '/rollouts',
    { target: 'a/b/c/1/d', phases: [{ basisPoints: 1, pace: 2 }] },
    '/phases/0/pace',
  ],
  ['a target that is no path', '/rollouts', { target: 'app.bin', phases: [{ basisPoints: 1 }] }, '/target'],
  ['no phase', '/rollouts', { target: 'a/b/c/1/d', phases: [] }, '/phases'],
  [
    'more than the whole',
    '/rollouts',
    { target: 'a/b/c/1/d', phases: [{ basisPoints: 10_001 }] },
    '/phases/0/basisPoints',
  ],
  [
    'an unknown part of a gate',
    '/rollouts',
    { target: 'a/b/c/1/d', phases: [{ basisPoints: 1 }], gate: { luck: 1 } },
    '/gate/luck',
  ],
  [
    'a weight for a code whose meaning is fixed',
    '/rollouts',
    { target: 'a/b/c/1/d', phases: [{ basisPoints: 1 }], gate: { weights: { silent: 'neutral' } } },
    '/gate/weights/silent',
  ],
])('answers %s with 400 and its place', async (_what, path, body, at) => {
  expect(await admin('POST', path, body)).toMatchObject({ status: 400, problem: { code: 'invalid-input', path: at } });
});

test.each([
  ['a release that is not published', { target: 'gw2/stable/app/9.9.9/app.bin', phases }, 'release-unknown', '/target'],
  [
    'phases that do not grow',
    { phases: [{ basisPoints: 5000 }, { basisPoints: 5000 }] },
    'phases-not-growing',
    '/phases/1',
  ],
  ['phases that shrink', { phases: [{ basisPoints: 2 }, { basisPoints: 1 }] }, 'phases-not-growing', '/phases/1'],
  ['a filter that does not parse', { phases, filter: 'site==' }, 'filter-invalid', '/filter'],
  [
    'a soak shorter than the silence that counts as a failure',
    { phases: [{ basisPoints: 100 }, ...phases], gate: { soakSeconds: 7200 } },
    'soak-too-short',
    '/gate/soakSeconds',
  ],
  [
    'a gate that no release can pass',
    { phases, gate: { successShare: 9900, allowedFailureShare: 200 } },
    'gate-impossible',
    '/gate/successShare',
  ],
])('answers a rollout with %s with 422 that says where', async (_what, body, code, path) => {
  expect(await admin('POST', '/rollouts', { target, ...body })).toMatchObject({ status: 422, problem: { code, path } });
  expect(await server.admin.get('/rollouts')).toMatchObject({ items: [] });
});

test.each(['/products', '/claim-tokens', '/rollouts', '/tokens', '/publications'])(
  'answers %s with a body that is no JSON, too long, or of another type, and makes nothing of it',
  async path => {
    const url = `${server.server.adminUrl}${ADMIN_API}${path}`;
    const authorization = `Bearer ${server.adminToken}`;
    for (const body of ['{', '', '[]', '"name"']) {
      expect((await send('POST', url, body, { authorization })).status).toBe(400);
    }
    const long = JSON.stringify({ name: 'x'.repeat(1024 * 1024) });
    expect(await send('POST', url, long, { authorization })).toMatchObject({
      status: 413,
      problem: { code: 'body-too-large' },
    });
    const form = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    expect(await send('POST', url, 'name=x', form)).toMatchObject({
      status: 415,
      problem: { code: 'unsupported-media-type' },
    });
    expect(await server.admin.get('/products')).toMatchObject({ items: [{ name: 'gw2' }] });
  },
);

test('answers a body that is no JSON, too long, or of another type', async () => {
  expect(await device('POST', '/enrol', '{')).toMatchObject({ status: 400 });
  expect(await device('POST', '/enrol', JSON.stringify({ claimToken: 'x'.repeat(10_000) }))).toMatchObject({
    status: 413,
    problem: { code: 'body-too-large' },
  });
  expect(await device('POST', '/enrol', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
    status: 415,
  });
});

test.each(['/check-in', '/reports'])('lets nobody in to %s without a token, whatever the body', async path => {
  expect(await device('POST', path, '{}')).toMatchObject({ status: 401, problem: { code: 'unauthenticated' } });
  const forged = { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' };
  expect(await device('POST', path, '{}', forged)).toMatchObject({ status: 401 });
});

test('gives each role its rights and no more, and the admin API no token, no answer', async () => {
  const { token } = await server.admin.post<{ token: string }>('/tokens', { name: 'reader', role: 'viewer' });
  const url = `${server.server.adminUrl}${ADMIN_API}`;
  const authorization = `Bearer ${token}`;
  expect((await fetch(`${url}/products`, { headers: { authorization } })).status).toBe(200);
  expect(await send('POST', `${url}/products`, '{"name":"x"}', { authorization })).toMatchObject({ status: 403 });
  expect(await send('POST', `${url}/publications`, '{}', { authorization })).toMatchObject({ status: 403 });
  expect(await send('GET', `${url}/products`)).toMatchObject({ status: 401 });
});

test('keeps the two listeners apart', async () => {
  expect((await fetch(`${server.server.deviceUrl}${ADMIN_API}/products`)).status).toBe(404);
  expect((await fetch(`${server.server.adminUrl}${DEVICE_API}/nonce`)).status).toBe(404);
});

test('serves only what was published, whatever the path', async () => {
  const { deviceUrl } = server.server;
  for (const path of [
    `${METADATA_BASE}/..%2f..%2fadmin-token`,
    `${TARGETS_BASE}/..%2f..%2fadmin-token`,
    `${TARGETS_BASE}/a/b/c/d/e`,
  ]) {
    expect((await fetch(`${deviceUrl}${path}`)).status).toBe(404);
  }
  const next = await fetch(`${deviceUrl}${METADATA_BASE}/2.root.json`);
  expect([next.status, next.headers.get('cache-control')]).toEqual([404, 'no-store']);
});

test('serves parts of an artifact, and says what may be kept', async () => {
  const url = `${server.server.deviceUrl}${TARGETS_BASE}/gw2/stable/app/1.0.0/${sha256(image)}.app.bin`;
  const whole = await fetch(url);
  expect([whole.status, await whole.text()]).toEqual([200, image.toString()]);
  expect(whole.headers.get('cache-control')).toContain('immutable');
  const etag = whole.headers.get('etag') ?? '';
  const part = await fetch(url, { headers: { range: 'bytes=4-', 'if-range': etag } });
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 4-9/10', '456789']);
  const other = await fetch(url, { headers: { range: 'bytes=4-', 'if-range': '"other"' } });
  expect(other.status).toBe(200);
  expect((await fetch(url, { headers: { range: 'bytes=99-' } })).status).toBe(416);
  expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe('10');
});

test('writes no token into its log', async () => {
  const { tokens } = await server.admin.post<{ tokens: string[] }>('/claim-tokens', { product: 'gw2', count: 1 });
  const log = server.log();
  expect(log).not.toContain(server.adminToken);
  expect(log).not.toContain(tokens[0]);
});
