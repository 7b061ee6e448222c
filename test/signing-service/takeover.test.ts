/** Two service processes on one repository: one works, the other stands by, and takes over wherever the first one ends. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReleaseView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { jobStores, testPrefix } from '@tidegate/server/testing';
import { verifyRepository } from '@tidegate/signer';
import { sql } from 'kysely';
import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { until } from '../src/until.ts';
import {
  type Maker,
  openMaker,
  servedVersion,
  ServiceClient,
  type ServiceProcess,
  SIGNER_CLI,
  startServiceProcess,
} from './maker.ts';

// Several starts of processes, each of which a busy machine draws out.
vi.setConfig({ testTimeout: 300_000 });

const ENDED = fileURLToPath(new URL('killed-service.ts', import.meta.url));

const healthOf = async ({ url }: ServiceProcess) =>
  (await (await fetch(`${url}/healthz`)).json()) as { status: string };
const log = (maker: Maker) => readFile(join(maker.dir, 'service.log'), 'utf8');
/** What is out is whole and was published once, and no line of the audit log is out of its place. */
async function mustBeWhole(maker: Maker, versions: readonly string[]): Promise<void> {
  const { items } = await maker.server.admin.get<{ items: ReleaseView[] }>('/releases');
  expect(items.map(r => r.version).toSorted()).toEqual(versions);
  const root = await readFile(maker.rootFile);
  const { targets } = await verifyRepository({ source: maker.server.server.deviceUrl, root });
  expect(targets.length).toBe(versions.length);
  const { code, stderr } = await runToEnd([SIGNER_CLI, 'audit', 'verify', '--repo', maker.repositoryDir]);
  expect([code, stderr]).toEqual([0, '']);
}

async function becomesHalted({ child }: ServiceProcess): Promise<void> {
  await until('the process to be halted', async () => {
    const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T') ? true : undefined;
  });
}

/** As a database does that loses a client from sight; a key in Redis goes by itself. */
async function takeLockAway(databaseUrl: string): Promise<void> {
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'tidegate-signer-lock' and datname = current_database()`.execute(db);
  await db.destroy();
}

describe.each(jobStores())('on $name', ({ name, redisUrl }) => {
  const open = async () => {
    const maker = await openMaker();
    const config = await maker.configure({ redisPrefix: testPrefix() });
    const env: Readonly<Record<string, string>> =
      redisUrl === undefined ? { DATABASE_URL: maker.databaseUrl } : { REDIS_URL: redisUrl };
    const start = (program?: readonly string[]) => startServiceProcess(maker, config, env, program);
    return { maker, start };
  };

  test('the one that stands by says so, takes nothing, and finishes what a kill cut off', async () => {
    const { maker, start } = await open();
    const first = await start([ENDED, 'SIGKILL', 'uploading:snapshot.json']);
    const one = await new ServiceClient(first.url).active();
    const second = await start();
    const two = new ServiceClient(second.url);
    const built = await maker.build({ version: '1', bytes: 'one' });
    expect(await two.open(built.request)).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect(await healthOf(second)).toMatchObject({ status: 'standby' });

    process.kill(first.child.pid, 'SIGUSR2');
    await Promise.allSettled([one.submit(built)]);
    expect(await first.child.ended).toBe(null);
    await two.active();
    expect(await two.settled((await two.submit(built)).id)).toMatchObject({ state: 'published' });
    await mustBeWhole(maker, ['1']);
    await second.child.stop();
    await maker[Symbol.asyncDispose]();
  });

  test('one that was halted in the midst of a publication, and lost the lock, writes nothing more when it wakes', async () => {
    const { maker, start } = await open();
    const first = await start([ENDED, 'SIGSTOP', 'uploading:begun']);
    const one = await new ServiceClient(first.url).active();
    const second = await start();
    const two = new ServiceClient(second.url);
    const built = await maker.build({ version: '1', bytes: 'one' });
    process.kill(first.child.pid, 'SIGUSR2');
    const submitting = one.submit(built).catch(() => undefined);
    await becomesHalted(first);
    if (redisUrl === undefined) await takeLockAway(maker.databaseUrl);

    await two.active();
    await two.settled((await two.submit(built)).id);
    await two.settled((await two.submit(await maker.build({ version: '2', bytes: 'two' }))).id);
    process.kill(first.child.pid, 'SIGCONT');
    await submitting;
    await until('the first one to stand by', async () =>
      (await healthOf(first)).status === 'standby' ? true : undefined,
    );
    await two.settled((await two.submit(await maker.build({ version: '3', bytes: 'three' }))).id);
    await mustBeWhole(maker, ['1', '2', '3']);
    for (const { child } of [first, second]) await child.stop();
    await maker[Symbol.asyncDispose]();
  });

  test(`a new timestamp is published by schedule, brought by ${name}`, async () => {
    const { maker } = await open();
    const config = await maker.configure({ redisPrefix: testPrefix(), refreshSeconds: 1 });
    const env: Readonly<Record<string, string>> =
      redisUrl === undefined ? { DATABASE_URL: maker.databaseUrl } : { REDIS_URL: redisUrl };
    const service = await startServiceProcess(maker, config, env);
    await until('the fifth timestamp to be served', async () => ((await servedVersion(maker)) >= 5 ? true : undefined));
    expect(await (await fetch(`${service.url}/metrics`)).text()).toContain('tidegate_signer_queue_brings_jobs 1');
    expect(await log(maker)).not.toContain('done without it');
    await service.child.stop();
    await maker[Symbol.asyncDispose]();
  });
});
