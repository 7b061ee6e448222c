/**
 * What a device takes: memory of a server process that knows it, and bytes on disk by table. A fleet checks in once at
 * one process, with twenty rollouts active that reach a fifth of it, and every fifth device has sent ten reports.
 * A million devices, or as many as `BENCH_DEVICES` says.
 */
import { readFile } from 'node:fs/promises';
import type { RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { checkInOnce } from './check-in-once.ts';
import { type BenchResult, rounded } from './result.ts';
import { releaseTarget, runSql, seededFleets } from './seeded-fleet.ts';

const ROLLOUTS = 20;
const SHARE = [{ basisPoints: 100 }, { basisPoints: 10_000 }];

export async function memoryMillion(): Promise<BenchResult> {
  const devices = Number(process.env['BENCH_DEVICES'] ?? 1_000_000);
  await using fleets = await seededFleets();
  const fleet = await fleets.open('known', devices, ROLLOUTS);
  for (let i = 0; i < ROLLOUTS; i++) {
    await fleet.server.admin.post<RolloutView>('/rollouts', { target: releaseTarget(i), phases: SHARE });
  }
  // What the first requests cost is no device's.
  await checkInOnce(fleet, 1, 1000);
  const before = await residentBytes(fleet.server.child.pid);
  await checkInOnce(fleet, 1001, devices);
  const after = await residentBytes(fleet.server.child.pid);
  await report(fleet.databaseUrl);
  const tables = await bytesByTable(fleet.databaseUrl);
  process.stderr.write(`${JSON.stringify({ devices, before, after, tables })}\n`);
  const value = (after - before) / (devices - 1000);
  return {
    name: 'memory-million',
    value: rounded(value),
    unit: `bytes of the process for each of ${devices} devices known`,
    baseline: null,
    ratio: null,
    goal: null,
    pass: null,
  };
}

async function residentBytes(pid: number): Promise<number> {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function report(databaseUrl: string): Promise<void> {
  await runSql(
    databaseUrl,
    `insert into reports (device_id, id, rollout_id, attempt, target, state, device_time)
     select device_id, md5(device_id || n), rollout_id, 1, '${releaseTarget(0)}', 'installing', now()
     from attempts cross join generate_series(1, 10) as n`,
  );
}

async function bytesByTable(databaseUrl: string): Promise<Record<string, { rows: number; bytesPerRow: number }>> {
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  const tables = ['devices', 'attempts', 'reports'];
  const sizes = await Promise.all(
    tables.map(async table => {
      const { rows } = await sql<{ rows: number; bytes: number }>`
        select (select count(*) from ${sql.table(table)}) as rows,
          (select sum(pg_total_relation_size(oid)) from pg_class where oid = ${table}::regclass
            or oid in (select inhrelid from pg_inherits where inhparent = ${table}::regclass))::bigint as bytes`.execute(
        db,
      );
      const [size = { rows: 0, bytes: 0 }] = rows;
      return [table, { rows: size.rows, bytesPerRow: rounded(size.bytes / Math.max(1, size.rows)) }] as const;
    }),
  );
  await db.destroy();
  return Object.fromEntries(sizes);
}
