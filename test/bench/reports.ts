/**
 * Reports stored per second of PostgreSQL's own CPU time, by HTTP, in full batches, each durable before its answer. At the
 * end the rows are counted against what was acknowledged, and the rollout's counters against its attempts.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_API, LIMITS, type Report } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { cpuSeconds } from './cpu.ts';
import { type Load, sendEach } from './load.ts';
import { type BenchResult, rounded } from './result.ts';
import { seededCheckIn } from './seeded-check-in.ts';
import { releaseTarget, seededFleets, seededId } from './seeded-fleet.ts';

const DEVICES = 64;
const BATCHES = 1000;
const CONNECTIONS = 16;
const GOAL = 40_000;

export async function reports(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  const { server, databaseUrl, data } = await fleets.open('reports', DEVICES, 1);
  const key = createPrivateKey(await readFile(join(data, 'token-key.pem')));
  const devices = Array.from({ length: DEVICES }, (_, i) => seededCheckIn(key, seededId(i + 1)));
  const rollout = await server.admin.post<{ id: string }>('/rollouts', {
    target: releaseTarget(0),
    phases: [{ basisPoints: 10_000 }],
  });
  const url = `${server.deviceUrl}${DEVICE_API}`;
  await sendEach({ url: `${url}/check-in`, requests: devices, connections: CONNECTIONS });
  const batch = (count: number) => Array.from({ length: count }, (_, i) => batchOf(devices[i % DEVICES], rollout.id));
  await sendEach({ url: `${url}/reports`, requests: batch(DEVICES), connections: CONNECTIONS });
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  const before = await postgresSeconds();
  const measured = batch(BATCHES);
  await sendEach({ url: `${url}/reports`, requests: measured, connections: CONNECTIONS });
  const value = (BATCHES * LIMITS.reportsPerRequest) / ((await postgresSeconds()) - before);
  const { rows } = await sql<{ right: boolean }>`
    select (select count(*) from reports) = ${(DEVICES + BATCHES) * LIMITS.reportsPerRequest}::bigint
      and (select sum(offered) from rollout_counts) = (select count(*) from attempts) as right`.execute(db);
  await db.destroy();
  if (rows[0]?.right !== true) throw new Error('what is stored is not what was acknowledged');
  return {
    name: 'reports',
    value: rounded(value),
    unit: 'reports per second of CPU of PostgreSQL',
    baseline: null,
    ratio: null,
    goal: `value >= ${GOAL}`,
    pass: value >= GOAL,
  };

  /** Of all processes of the server that this one belongs to. */
  async function postgresSeconds(): Promise<number> {
    const { rows: own } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    const postmaster = await parentOf(own[0]?.pid ?? 0);
    const all = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number);
    const parents = await Promise.all(all.map(async pid => [pid, await parentOf(pid).catch(() => 0)] as const));
    const seconds = parents
      .filter(([, parent]) => parent === postmaster)
      .map(([pid]) => cpuSeconds(pid).catch(() => 0));
    return (await Promise.all(seconds)).reduce((a, b) => a + b, 0);
  }
}

async function parentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

function batchOf(device: Load['requests'][number] | undefined, rolloutId: string): Load['requests'][number] {
  const at = new Date().toISOString();
  const one = (): Report => ({ id: randomBytes(16).toString('hex'), rolloutId, attempt: 1, state: 'downloading', at });
  const all = Array.from({ length: LIMITS.reportsPerRequest }, one);
  return { body: JSON.stringify({ reports: all }), headers: device?.headers ?? {} };
}
