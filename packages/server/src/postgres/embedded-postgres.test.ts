import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

const log = pino({ level: 'silent' });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-postgres-'));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that starts PostgreSQL in the folder and then waits to be killed. */
async function startElsewhere(): Promise<{ child: ChildProcess; url: string }> {
  const code = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, 'embedded-postgres.ts'))};
    import { pino } from ${JSON.stringify(import.meta.resolve('pino'))};
    const { url, ended } = await startEmbeddedPostgres(process.env.FOLDER, pino({ level: 'silent' }), { durable: false });
    console.log(url);
    await ended;`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    env: { ...process.env, FOLDER: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, url };
}

async function postmaster(): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres/cluster/postmaster.pid'), 'utf8'), 10);
}

test('keeps its data over a restart, and its password from others', async () => {
  const first = await startEmbeddedPostgres(folder, log, { durable: false });
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  const second = await startEmbeddedPostgres(folder, log, { durable: false });
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect((await stat(join(folder, 'postgres-password'))).mode & 0o777).toBe(0o600);
  const wrong = new URL(second.url);
  wrong.password = 'guessed';
  await expect(query(wrong.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  await second.stop();
});

test('ends in good order when the server is killed', async () => {
  const { child } = await startElsewhere();
  const pid = await postmaster();
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = await startEmbeddedPostgres(folder, log, { durable: false });
  expect(await postmaster()).not.toBe(pid);
  await next.stop();
});

test('takes over from a PostgreSQL whose guard was killed as well, and loses nothing', async () => {
  const { child, url } = await startElsewhere();
  await query(url, 'create table kept as select 43 as answer');
  const pid = await postmaster();
  const guard = Number(/^PPid:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))![1]);
  const children = (await readFile(`/proc/${guard}/task/${guard}/children`, 'utf8')).trim().split(' ').map(Number);
  for (const one of [guard, ...children.filter(c => c !== pid)]) process.kill(one, 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = await startEmbeddedPostgres(folder, log, { durable: false });
  expect(await query(next.url, 'select answer from kept')).toEqual([{ answer: 43 }]);
  await next.stop();
});

test('leaves the PostgreSQL of another living server alone', async () => {
  const { child, url } = await startElsewhere();
  await expect(startEmbeddedPostgres(folder, log, { durable: false })).rejects.toThrow(/another server uses/);
  expect(await query(url, 'select 1 as here')).toEqual([{ here: 1 }]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  // Its PostgreSQL ends a little later, and writes until then: whoever starts next waits for that.
  await (await startEmbeddedPostgres(folder, log, { durable: false })).stop();
});
