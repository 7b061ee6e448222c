import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { create } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { durableFiles } from '../durable/durable-files.ts';
import type { AcceptedTarget } from '../ports.ts';
import { targetFor } from './test-target.ts';
import { findMarked } from '../service/processes.ts';
import { createService } from '../service/service.ts';
import { openDirectoryInstaller, type ServiceInstaller } from './directory-installer.ts';

const log = pino({ level: 'silent' });
const never = new AbortController().signal;
let folder: string;
let port: number;
const opened: ServiceInstaller[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-installer-'));
  port = await freePort();
  await mkdir(join(folder, 'app/a'), { recursive: true });
  await writeFile(join(folder, 'app/a/service.cjs'), service('1.0.0', 200));
});
afterEach(async () => {
  for (const installer of opened.splice(0)) await installer.close({ stopService: true });
  await rm(folder, { recursive: true });
});

function service(version: string, status: number): string {
  return `require('http').createServer((q, s) => { s.statusCode = ${status}; s.end('${version}'); }).listen(process.env.PORT, '127.0.0.1');`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

async function open(health: { deadlineSeconds: number } = { deadlineSeconds: 20 }): Promise<ServiceInstaller> {
  const control = createService({
    settings: { command: ['node', 'service.cjs'], env: { PORT: String(port) }, stopTimeoutSeconds: 5 },
    mark: join(folder, 'app'),
    files: durableFiles,
    notePath: join(folder, 'trust/service-app.json'),
    outputPath: join(folder, 'service.log'),
    clock: systemClock,
    random: () => 0,
    log,
  });
  const installer = await openDirectoryInstaller({
    component: 'app',
    folder: join(folder, 'app'),
    factory: { version: '1.0.0', counter: 1 },
    trustDir: join(folder, 'trust'),
    files: durableFiles,
    clock: systemClock,
    log,
    service: {
      control,
      health: { url: `http://127.0.0.1:${port}/`, intervalSeconds: 0.05, healthyForSeconds: 0.1, ...health },
    },
  });
  opened.push(installer);
  return installer;
}

async function release(
  version: string,
  counter: number,
  status = 200,
): Promise<{ file: string; target: AcceptedTarget }> {
  const tree = join(folder, `tree-${version}`);
  await mkdir(tree);
  await writeFile(join(tree, 'service.cjs'), service(version, status));
  const file = join(folder, `${version}.tar.gz`);
  await create({ file, cwd: tree, gzip: true, portable: true }, ['.']);
  const bytes = await readFile(file);
  const target = targetFor(bytes, { component: 'app', version, counter, format: 'tar', file: 'app.tar.gz' });
  return { file, target };
}

function runningVersion(): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, response => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
}

test('installs, switches, proves and commits a release', async () => {
  const installer = await open();
  await installer.resume();
  const { file, target } = await release('1.1.0', 2);
  const slot = await installer.install(file, target, never);
  expect(slot).toBe('b');
  expect((await installer.slots()).running).toBe('a');
  expect(await installer.activate('b')).toBe('live');
  await installer.proveHealthy(never);
  expect(await runningVersion()).toBe('1.1.0');
  await installer.markGood('b');
  expect(await (await open()).slots()).toEqual({
    running: 'b',
    records: {
      a: { version: '1.0.0', counter: 1, good: true },
      b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true },
    },
  });
});

test('goes back to what ran before when the release answers but does not work', async () => {
  const installer = await open({ deadlineSeconds: 1 });
  await installer.resume();
  const { file, target } = await release('1.2.0', 3, 500);
  await installer.activate(await installer.install(file, target, never));
  await expect(installer.proveHealthy(never)).rejects.toMatchObject({ code: 'health-failed' });
  await installer.markBad('b');
  await installer.proveHealthy(never);
  expect(await runningVersion()).toBe('1.0.0');
  expect((await installer.slots()).records.b).toBeUndefined();
});

test('a service that never stays up has failed to start', async () => {
  const installer = await open();
  const { file, target } = await release('1.3.0', 4);
  await writeFile(join(folder, 'tree-1.3.0/service.cjs'), 'process.exit(3)');
  await create({ file, cwd: join(folder, 'tree-1.3.0'), gzip: true, portable: true }, ['.']);
  const bytes = await readFile(file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await installer.activate(await installer.install(file, { ...target, sha256, lengthBytes: bytes.length }, never));
  await expect(installer.proveHealthy(never)).rejects.toMatchObject({ code: 'boot-failed' });
});

test('a trial cut short again and again is given up after three starts', async () => {
  const { file, target } = await release('1.1.0', 2);
  const first = await open();
  await first.activate(await first.install(file, target, never));
  for (let i = 0; i < 3; i++) {
    const stopped = AbortSignal.abort();
    await expect((await open()).proveHealthy(stopped)).rejects.toMatchObject({ code: 'not-now' });
  }
  await expect((await open()).proveHealthy(never)).rejects.toMatchObject({ code: 'boot-failed' });
});

test('refuses bytes that are not the signed ones, and the running slot is as it was', async () => {
  const installer = await open();
  const { file, target } = await release('1.1.0', 2);
  const bytes = await readFile(file);
  bytes[20] = bytes[20]! ^ 1;
  await writeFile(file, bytes);
  await expect(installer.install(file, target, never)).rejects.toMatchObject({ code: 'artifact-hash' });
  expect((await installer.slots()).records.b).toBeUndefined();
  await expect(installer.activate('b')).rejects.toMatchObject({ code: 'activate-failed' });
});

test('does not activate a slot that was changed after it was written, and writes it anew when asked', async () => {
  const installer = await open();
  const { file, target } = await release('1.1.0', 2);
  await installer.install(file, target, never);
  await writeFile(join(folder, 'app/b/service.cjs'), 'evil()');
  await expect(installer.activate('b')).rejects.toMatchObject({ code: 'slot-mismatch' });
  expect(await readlink(join(folder, 'app/current'))).toBe('a');
  await installer.install(file, target, never);
  expect(await installer.activate('b')).toBe('live');
});

test('the service outlives the agent, and the next agent adopts it', async () => {
  const first = await open();
  await first.resume();
  await first.proveHealthy(never);
  const before = await findMarked(join(folder, 'app'));
  await opened.shift()?.close({ stopService: false });
  const second = await open();
  await second.resume();
  await second.proveHealthy(never);
  expect(await findMarked(join(folder, 'app'))).toEqual(before);
  expect(before).toHaveLength(1);
});

test('finds and replaces a service that a killed agent never noted', async () => {
  const first = await open();
  await first.resume();
  await first.proveHealthy(never);
  const [orphan] = await findMarked(join(folder, 'app'));
  await opened.shift()?.close({ stopService: false });
  await rm(join(folder, 'trust/service-app.json'));
  const second = await open();
  await second.resume();
  await second.proveHealthy(never);
  const now = await findMarked(join(folder, 'app'));
  expect(now).toHaveLength(1);
  expect(now[0]?.pid).not.toBe(orphan?.pid);
});
