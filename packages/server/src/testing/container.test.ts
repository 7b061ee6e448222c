import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineAnswers, startContainer } from './container.ts';

let folder: string;
let closing: AsyncDisposableStack;
beforeEach(async () => {
  closing = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), 'tidegate-engine-'));
  closing.defer(() => rm(folder, { recursive: true }));
});
afterEach(() => closing.disposeAsync());

/** Something that listens where an engine would. @returns its DOCKER_HOST */
async function engine(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(join(folder, 'docker.sock'));
  await once(server, 'listening');
  closing.defer(async () => {
    server.closeAllConnections();
    await once(server.close(), 'close');
  });
  return `unix://${join(folder, 'docker.sock')}`;
}

const nowhere = {
  image: 'localhost:1/none:0',
  port: 1,
  environment: {},
  command: [],
  ready: { says: /ready/, times: 1 },
};

test('an engine is one that answers the ping', async () => {
  const host = await engine((request, answer) => answer.writeHead(request.url === '/_ping' ? 200 : 404).end('OK'));
  expect(await engineAnswers({ DOCKER_HOST: host })).toBe(true);
});

test.each<[what: string, listener: RequestListener]>([
  ['answers with an error', (_request, answer) => answer.writeHead(500).end('no')],
  ['breaks the connection', request => request.destroy()],
  ['says nothing', () => undefined],
])('a socket that %s is no engine, and nothing is started on it', async (_what, listener) => {
  const host = await engine(listener);
  expect(await engineAnswers({ DOCKER_HOST: host })).toBe(false);
  expect(await startContainer(nowhere, { DOCKER_HOST: host })).toBeUndefined();
});

test.each(['unix:///none/docker.sock', 'tcp://127.0.0.1:1', 'ssh://docker', 'nonsense'])(
  'there is no engine at %s',
  async host => {
    expect(await engineAnswers({ DOCKER_HOST: host })).toBe(false);
  },
);

test('an engine that cannot start the image is done without', async () => {
  const host = await engine((request, answer) => answer.writeHead(request.url === '/_ping' ? 200 : 500).end('{}'));
  expect(await startContainer(nowhere, { DOCKER_HOST: host })).toBeUndefined();
});
