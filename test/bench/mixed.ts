/**
 * What a day brings: 90 % check-ins, 8 % reports, 2 % metadata. First as much as goes, then 70 % of that for five minutes
 * (`BENCH_SECONDS`), counted from when each request was due. One error ends it; every report that was acknowledged must be
 * in the database.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_API, METADATA_BASE, type Report } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { pino } from 'pino';
import { startServerProcess } from '../src/server-process.ts';
import { openSharedGround } from './ground.ts';
import type { MixedAnswer, MixedLoad } from './mixed-load.ts';
import { askOwnProcess } from './own-process.ts';
import { type BenchResult, rounded } from './result.ts';
import { warmDevices } from './warm-fleet.ts';

const DEVICES = 200;
const CONNECTIONS = 64;
const MOST_SECONDS = 10;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 300);
const SHARE = 0.7;
const GOAL_MS = 50;
const FRESH_ID = '#'.repeat(32);

export async function mixed(): Promise<BenchResult> {
  await using ground = await openSharedGround();
  const server = await startServerProcess(ground.plan);
  await using stack = new AsyncDisposableStack();
  stack.use(server.child);
  const devices = await warmDevices(server, DEVICES);
  const file = join(ground.folder, 'image.img');
  await writeFile(file, 'image');
  const { path: target } = await ground.desk.release({ file, version: '2.0.0', format: 'file', hardware: ['gw2-a'] });
  await ground.desk.publish({ adminUrl: server.adminUrl, token: server.adminToken });
  const rollout = await server.admin.post<{ id: string }>('/rollouts', {
    target,
    phases: [{ basisPoints: 10_000 }],
  });
  const url = server.deviceUrl;
  const report = (): Report => ({
    id: FRESH_ID,
    rolloutId: rollout.id,
    attempt: 1,
    state: 'downloading',
    at: new Date().toISOString(),
  });
  const load: MixedLoad = {
    url,
    checkIns: devices.map(d => post(url, `${DEVICE_API}/check-in`, d.headers, d.body)),
    reports: devices.map(d => post(url, `${DEVICE_API}/reports`, d.headers, JSON.stringify({ reports: [report()] }))),
    metadata: [`GET ${METADATA_BASE}/timestamp.json HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`],
    freshId: FRESH_ID,
    connections: CONNECTIONS,
    mostSeconds: MOST_SECONDS,
    seconds: SECONDS,
    share: SHARE,
  };
  const module = new URL('mixed-load.ts', import.meta.url);
  const { mostPerSecond, latencies, reports } = await askOwnProcess<MixedAnswer>(module, load);
  const db = openDatabase(ground.databaseUrl, pino({ level: 'silent' }));
  const stored = await db.selectFrom('reports').select(db.fn.countAll<number>().as('count')).executeTakeFirst();
  await db.destroy();
  if (stored?.count !== reports) throw new Error(`${reports} reports were acknowledged, ${stored?.count} are stored`);
  process.stderr.write(
    `${Math.round(mostPerSecond)} requests a second at most; at ${SHARE * 100} % of that ${latencies.answered} in ` +
      `${SECONDS} s, none failed: median ${rounded(latencies.p50)} ms, worst ${rounded(latencies.worst)} ms\n`,
  );
  return {
    name: 'mixed',
    value: rounded(latencies.p99),
    unit: 'ms, 99th percentile',
    baseline: null,
    ratio: null,
    goal: `value < ${GOAL_MS}`,
    pass: latencies.p99 < GOAL_MS,
  };
}

/** As it goes over the line. */
function post(url: string, path: string, headers: Record<string, string>, body: string): string {
  const all = { host: new URL(url).host, 'content-type': 'application/json', ...headers };
  const lines = Object.entries({ ...all, 'content-length': String(Buffer.byteLength(body)) });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}
