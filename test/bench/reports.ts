/**
 * Reports stored per second of PostgreSQL's own CPU time, by HTTP, in full batches, each durable before its answer. Then
 * every device tells how its update ended; at last the rows are counted against what was acknowledged, and the rollout's
 * counters against its attempts.
 */
import { createPrivateKey, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_API, LIMITS, type Report } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { type Load, sendEach } from './load.ts';
import { type BenchResult, rounded } from './result.ts';
import { seededCheckIn } from './seeded-check-in.ts';
import { releaseSha256, releaseTarget, seededFleets, seededId } from './seeded-fleet.ts';

const DEVICES = 64;
const BATCHES = 1000;
const CONNECTIONS = 16;
const GOAL = 40_000;
const FAILS_EVERY = 10;
const FAILURE: Told = { state: 'rolledBack', code: 'health-failed' };
type Told = Pick<Report, 'state' | 'code' | 'counter' | 'sha256'>;

export async function reports(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  const { server, databaseUrl, data, postgresSeconds } = await fleets.open('reports', DEVICES, 1);
  const key = createPrivateKey(await readFile(join(data, 'token-key.pem')));
  const devices = Array.from({ length: DEVICES }, (_, i) => seededCheckIn(key, seededId(i + 1)));
  const rollout = await server.admin.post<{ id: string }>('/rollouts', {
    target: releaseTarget(0),
    phases: [{ basisPoints: 10_000 }],
  });
  const url = `${server.deviceUrl}${DEVICE_API}`;
  await sendEach({ url: `${url}/check-in`, requests: devices, connections: CONNECTIONS });
  const send = (requests: Load['requests']) => sendEach({ url: `${url}/reports`, requests, connections: CONNECTIONS });
  const batches = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      batchOf(devices[i % DEVICES], rollout.id, LIMITS.reportsPerRequest, { state: 'downloading' }),
    );
  await send(batches(DEVICES));
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  const before = await postgresSeconds();
  const measured = batches(BATCHES);
  await send(measured);
  const value = (BATCHES * LIMITS.reportsPerRequest) / ((await postgresSeconds()) - before);
  const verified: Told = { state: 'verified', counter: 1, sha256: releaseSha256(0) };
  await send(devices.map((d, i) => batchOf(d, rollout.id, 1, i % FAILS_EVERY === 0 ? FAILURE : verified)));
  const { rows } = await sql<{ right: boolean }>`
    select (select count(*) from reports) = ${(DEVICES + BATCHES) * LIMITS.reportsPerRequest + DEVICES}::bigint
      and (select (sum(offered), sum(begun), sum(verified), sum(failed), sum(rolled_back))::text from rollout_counts)
        = (select (count(*), count(*) filter (where begun), count(*) filter (where outcome = 'verified'),
          count(*) filter (where outcome = 'failed'), count(*) filter (where state = 'rolledBack'))::text from attempts)
      and (select sum(rolled_back) from rollout_counts) = ${Math.ceil(DEVICES / FAILS_EVERY)}::bigint as right`.execute(
    db,
  );
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
}

function batchOf(
  device: Load['requests'][number] | undefined,
  rolloutId: string,
  count: number,
  told: Told,
): Load['requests'][number] {
  const at = new Date().toISOString();
  const one = (): Report => ({ id: randomBytes(16).toString('hex'), rolloutId, attempt: 1, at, ...told });
  return { body: JSON.stringify({ reports: Array.from({ length: count }, one) }), headers: device?.headers ?? {} };
}
