/** Fleets of any size in one PostgreSQL, each with a database and a server of its own: the same measure, large and small. */
import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { openSharedGround } from './ground.ts';

const silent = pino({ level: 'silent' });

export interface SeededFleets extends AsyncDisposable {
  /**
   * A server with so many devices of `gw2`, seen within the last five minutes.
   * @param releases of as many components: `releaseTarget` names them
   */
  open(name: string, devices: number, releases: number): Promise<SeededFleet>;
}

export interface SeededFleet {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
  /** The server's data folder. */
  readonly data: string;
  /** CPU time that PostgreSQL has used so far, for all fleets. */
  readonly postgresSeconds: () => Promise<number>;
}

/** Of the device that was seeded at this place, from 1 on. */
export function seededId(index: number): string {
  return hash('md5', `device ${index}`);
}

export function releaseTarget(index: number): string {
  return `gw2/stable/part-${index}/1.0.0/part.tar`;
}

export function releaseSha256(index: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(index));
  return hash('sha256', bytes);
}

export async function seededFleets(): Promise<SeededFleets> {
  const closing = new AsyncDisposableStack();
  const ground = closing.use(await openSharedGround());
  return {
    open: async (name, devices, releases) => {
      const databaseUrl = await newDatabase(ground.databaseUrl, name);
      await mkdir(join(ground.folder, name));
      const data = join(ground.folder, name, 'server');
      const server = await startServerProcess({ ...ground.plan, data, pollSeconds: 300, databaseUrl });
      closing.use(server.child);
      await fill(databaseUrl, devices, releases);
      return { server, databaseUrl, data, postgresSeconds: ground.postgresSeconds };
    },
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

async function newDatabase(server: string, name: string): Promise<string> {
  await runSql(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function fill(databaseUrl: string, devices: number, releases: number): Promise<void> {
  await runSql(databaseUrl, `insert into products (name, title) values ('gw2', 'gw2')`);
  // Indexes after the rows, in one go: row by row they would take most of an hour for ten million.
  await runSql(
    databaseUrl,
    `update pg_index set indisready = false, indisvalid = false where indrelid = 'devices'::regclass;
     insert into devices (id, product, public_key, hardware, channel, components, attributes, tags, enrolled_by, last_seen_at)
     select md5('device ' || i), 'gw2', sha256(int8send(i)), 'gw2-a', 'stable',
       '[{"component":"app","version":"1.0.0","counter":1}]',
       jsonb_build_object('site', 'site-' || i % 50, 'floor', (i % 7)::text),
       case when i % 20 = 0 then '{lab}'::text[] else '{}' end, 'claim-token', now() - random() * interval '5 minutes'
     from generate_series(1, ${devices}::bigint) as i`,
  );
  await runSql(databaseUrl, `set maintenance_work_mem = '1GB'; reindex table devices`);
  await runSql(
    databaseUrl,
    `insert into releases (target, product, channel, component, version, counter, class, hardware, sha256, length_bytes)
     select 'gw2/stable/part-' || i || '/1.0.0/part.tar', 'gw2', 'stable', 'part-' || i, '1.0.0', 1, 'feature',
       '{gw2-a}', encode(sha256(int8send(i)), 'hex'), 10
     from generate_series(0, ${releases - 1}::bigint) as i`,
  );
  // What the filling leaves to do must not run beside the measurement.
  for (const statement of ['vacuum analyze', 'checkpoint']) await runSql(databaseUrl, statement);
}

export async function runSql(url: string, statement: string): Promise<void> {
  const db = openDatabase(url, silent);
  await sql.raw(statement).execute(db);
  await db.destroy();
}
