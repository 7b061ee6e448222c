import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDevice, type TestDevice } from '../machine/test-device.ts';
import { listenLocally, type LocalServer } from './local-server.ts';
import type { OwnerApi } from './owner-api.ts';

let folder: string;
let device: TestDevice;
let owner: OwnerApi;
const opened: LocalServer[] = [];
const log = pino({ level: 'silent' });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-sockets-'));
  device = await openTestDevice();
  ({ owner } = await device.boot());
});
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
  await device[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const socket = (role: 'admin' | 'user') => join(folder, 'run', `${role}.sock`);

async function open(): Promise<void> {
  opened.push(await listenLocally(owner, { admin: socket('admin'), user: socket('user') }, log));
}

interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: unknown;
}

function ask(role: 'admin' | 'user', method: string, path: string, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket(role), method, path, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      const type = response.headers['content-type'];
      response.once('end', () => resolve({ status: response.statusCode, type, body: JSON.parse(text) as unknown }));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

test('two sockets, one a role, each with the mode that says who may use it', async () => {
  await open();
  expect((await stat(socket('admin'))).mode & 0o777).toBe(0o660);
  expect((await stat(socket('user'))).mode & 0o777).toBe(0o666);
  expect((await ask('user', 'GET', '/v1/status')).status).toBe(200);
  expect(await ask('user', 'POST', '/v1/check')).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect((await ask('admin', 'POST', '/v1/check')).status).toBe(200);
});

test('an unknown field is a 400 that names its path', async () => {
  await open();
  expect(await ask('admin', 'POST', '/v1/setup', '{"automaticUpdates":true,"colour":"red"}')).toMatchObject({
    status: 400,
    type: 'application/problem+json',
    body: { code: 'invalid-input', path: '/colour' },
  });
});

test('a body that is no JSON is a 400', async () => {
  await open();
  expect(await ask('admin', 'POST', '/v1/setup', '{"automaticUpdates":')).toMatchObject({
    status: 400,
    body: { code: 'bad-request' },
  });
});

test('a body larger than any command needs is a 413', async () => {
  await open();
  expect(await ask('admin', 'POST', '/v1/setup', ' '.repeat(4097))).toMatchObject({
    status: 413,
    body: { code: 'body-too-large' },
  });
});

test('a command that the state of things does not allow is a 409', async () => {
  await open();
  expect(await ask('admin', 'POST', '/v1/apply')).toMatchObject({ status: 409, body: { code: 'setup-needed' } });
});

test('a path that is no address is answered, and the next caller too', async () => {
  await open();
  expect(await ask('admin', 'GET', '//')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  expect((await ask('admin', 'GET', '/v1/status')).status).toBe(200);
});

test('what a killed agent left at the place of a socket is replaced', async () => {
  await open();
  await opened.pop()?.close();
  await writeFile(socket('admin'), '');
  await open();
  expect((await ask('admin', 'GET', '/v1/status')).status).toBe(200);
});

test('a socket that another process answers on is left alone, and neither of the two stays open', async () => {
  await open();
  await opened.pop()?.close();
  const other = createServer().listen(socket('user'));
  await new Promise(resolve => other.once('listening', resolve));
  await expect(open()).rejects.toThrow(/user\.sock is in use by another process/);
  await expect(ask('admin', 'GET', '/v1/status')).rejects.toMatchObject({ code: 'ENOENT' });
  expect((await stat(socket('user'))).isSocket()).toBe(true);
  await new Promise(resolve => other.close(resolve));
});
