/** The server as an operator starts it: what is wrong is said in one line, and a killed server comes back with all it had. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProductView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { runToEnd, startChild } from '../src/child.ts';
import { freePorts } from '../src/free-port.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';

const SERVER = fileURLToPath(import.meta.resolve('@tidegate/server/cli'));

async function refusalOf(words: readonly string[], env: Record<string, string>): Promise<string> {
  const ports = ['--port', '0', '--admin-port', '0'];
  const { code, stderr } = await runToEnd([SERVER, ...ports, ...words], {
    env: { TIDEGATE_LOG_LEVEL: 'error', ...env },
  });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^tidegate-server: .+\n$/)]);
  return stderr;
}

test('says in one line what keeps it from starting', async () => {
  await using folder = await tempFolder();
  const at = (name: string) => join(folder.path, name);
  // The trusted root is kept in the database, so those that lack one share theirs with nobody that has.
  const [rootless, rooted] = await Promise.all([emptyDatabase(), emptyDatabase()]);
  const env = { DATABASE_URL: rootless.url };
  const nowhere = await closedPort();
  await writeFile(at('root.json'), new RepoSim().root());
  await writeFile(at('no-root.json'), '{}');
  await writeFile(at('a-file'), '');
  await using taken = await takenPort();

  const port = ['--trusted-root', at('root.json'), '--port', String(taken.port)];
  const [inTheWay, below, noRoot, badRoot, portTaken, gone, scheme] = await Promise.all([
    refusalOf(['--data', at('a-file')], env),
    refusalOf(['--data', at('a-file/data')], env),
    refusalOf(['--data', at('one')], env),
    refusalOf(['--data', at('two'), '--trusted-root', at('no-root.json')], env),
    refusalOf(['--data', at('three'), ...port], { DATABASE_URL: rooted.url }),
    refusalOf(['--data', at('four')], { DATABASE_URL: nowhere, TIDEGATE_DATABASE_WAIT_SECONDS: '0' }),
    refusalOf(['--data', at('five')], { DATABASE_URL: 'mysql://u:secret@db/x' }),
  ]);
  expect(inTheWay).toContain(`the data folder ${at('a-file')} cannot be used`);
  expect(below).toContain(`the data folder ${at('a-file/data')} cannot be used`);
  expect(noRoot).toContain('--trusted-root');
  expect(badRoot).toContain('the trusted root');
  expect(portTaken).toContain(`port ${taken.port} of 127.0.0.1 is taken`);
  expect(gone).toMatch(/PostgreSQL cannot be reached: .*ECONNREFUSED/);
  expect(scheme).toContain('DATABASE_URL');
  expect(scheme).not.toContain('secret');
  await Promise.all([rootless.drop(), rooted.drop()]);
});

test('ends at once when it is asked to while it still waits for its database', async () => {
  await using folder = await tempFolder();
  await using waiting = await startChild({
    args: [SERVER, '--data', join(folder.path, 'data')],
    logFile: join(folder.path, 'server.log'),
    env: { DATABASE_URL: await closedPort() },
    isReady: line => line.includes('PostgreSQL cannot be reached; trying again'),
  });
  expect(await waiting.stop()).toBe(0);
});

test('comes back with its own PostgreSQL after a kill, and ends in order when asked to', async () => {
  await using folder = await tempFolder();
  const trustedRoot = join(folder.path, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  await mkdir(join(folder.path, 'server'));
  const plan = { data: join(folder.path, 'server'), trustedRoot, pollSeconds: 60, gateTickSeconds: 60 };
  const first = await startServerProcess(plan);
  await first.admin.post('/products', { name: 'gw2' });
  await first.child.kill();

  const again = await startServerProcess(plan);
  const { items } = await again.admin.get<{ items: ProductView[] }>('/products');
  expect(items.map(p => p.name)).toEqual(['gw2']);
  expect(await again.child.stop()).toBe(0);
});

/** A database's address at which nobody listens. */
async function closedPort(): Promise<string> {
  const [port] = await freePorts(1);
  return `postgresql://127.0.0.1:${port}/tidegate`;
}

async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')) };
}
