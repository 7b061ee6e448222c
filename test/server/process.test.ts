/** The server as an operator starts it: what is wrong is said in one line, and a killed server comes back with all it had. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProductView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';

const SERVER = fileURLToPath(import.meta.resolve('@tidegate/server/cli'));

async function refusalOf(words: readonly string[], databaseUrl: string): Promise<string> {
  const ports = ['--port', '0', '--admin-port', '0', '--log-level', 'error'];
  const { code, stderr } = await runToEnd([SERVER, ...ports, ...words], { env: { DATABASE_URL: databaseUrl } });
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  return stderr;
}

test('says in one line what keeps it from starting', async () => {
  await using folder = await tempFolder();
  const { url } = await emptyDatabase();
  const root = join(folder.path, 'root.json');
  await writeFile(root, new RepoSim().root());
  const blocked = join(folder.path, 'a-file');
  await writeFile(blocked, '');
  expect(await refusalOf(['--data', join(blocked, 'data')], url)).toContain('the data folder');
  expect(await refusalOf(['--data', join(folder.path, 'data')], url)).toContain('--trusted-root');
  await writeFile(join(folder.path, 'no-root.json'), '{}');
  const bad = ['--data', join(folder.path, 'data'), '--trusted-root', join(folder.path, 'no-root.json')];
  expect(await refusalOf(bad, url)).toContain('the trusted root');

  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise(listening => taken.once('listening', listening));
  const { port } = taken.address() as AddressInfo;
  const words = ['--data', join(folder.path, 'data'), '--trusted-root', root, '--port', String(port)];
  expect(await refusalOf(words, url)).toContain(`port ${port} of 127.0.0.1 is taken`);
  taken.close();

  const faulty = join(folder.path, 'server.yaml');
  await writeFile(faulty, 'prot: 8080\n');
  expect(await refusalOf(['--config', faulty], url)).toContain('prot');
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
