/**
 * The time that creating a rollout takes, by HTTP, from request to answer, with a million devices in the database,
 * against the same with a thousand. Two servers on one PostgreSQL take turns, both with their gates ticking.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RolloutView } from '@tidegate/protocol';
import { openDatabase, startEmbeddedPostgres } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { type BenchResult, median, rounded } from './result.ts';

const silent = pino({ level: 'silent' });
const LARGE = 1_000_000;
const SMALL = 1000;
const WARM_UP = 5;
const CREATIONS = 40;
const GOAL_MS = 50;
/** What is left to chance where both do the same. */
const GOAL_RATIO = 1.5;

export async function rolloutCreate(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  await chmod(folder.path, 0o755);
  const desk = await openSigningDesk({ folder: folder.path, products: ['gw2'], scryptN: 1024 });
  const postgres = await startEmbeddedPostgres(join(folder.path, 'postgres'), silent);
  await using closing = new AsyncDisposableStack();
  closing.defer(() => postgres.stop());
  const fleet = async (name: string, devices: number) => {
    const databaseUrl = await newDatabase(postgres.url, name);
    await mkdir(join(folder.path, name));
    const data = join(folder.path, name, 'server');
    const plan = { data, trustedRoot: desk.rootFile, pollSeconds: 300, gateTickSeconds: 2, databaseUrl };
    const server = await startServerProcess(plan);
    closing.use(server.child);
    await fill(databaseUrl, devices);
    return server;
  };
  const [small, large] = [await fleet('small', SMALL), await fleet('large', LARGE)];

  const times: { large: number; small: number }[] = [];
  for (let i = 0; i < WARM_UP + CREATIONS; i++) {
    times.push({ large: await createMs(large, i), small: await createMs(small, i) });
  }
  const measured = times.slice(WARM_UP);
  const [value, baseline] = [median(measured.map(t => t.large)), median(measured.map(t => t.small))];
  const ratio = value / baseline;
  return {
    name: 'rollout-create',
    value: rounded(value),
    unit: 'ms',
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    goal: `value < ${GOAL_MS}, ratio < ${GOAL_RATIO}`,
    pass: value < GOAL_MS && ratio < GOAL_RATIO,
  };
}

async function newDatabase(server: string, name: string): Promise<string> {
  await run(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** A fleet that was seen within the last five minutes, and a release for each creation: one component, one rollout. */
async function fill(databaseUrl: string, devices: number): Promise<void> {
  await run(databaseUrl, `insert into products (name, title) values ('gw2', 'gw2')`);
  await run(
    databaseUrl,
    `insert into devices (id, product, public_key, hardware, channel, components, attributes, enrolled_by, last_seen_at)
     select md5('device ' || i), 'gw2', sha256(int8send(i)), 'gw2-a', 'stable',
       '[{"component":"app","version":"1.0.0","counter":1}]', '{"site":"lab"}', 'claim-token',
       now() - random() * interval '5 minutes'
     from generate_series(1, ${devices}::bigint) as i`,
  );
  await run(
    databaseUrl,
    `insert into releases (target, product, channel, component, version, counter, class, hardware, sha256, length_bytes)
     select 'gw2/stable/part-' || i || '/1.0.0/part.tar', 'gw2', 'stable', 'part-' || i, '1.0.0', 1, 'feature',
       '{gw2-a}', encode(sha256(int8send(i)), 'hex'), 10
     from generate_series(0, ${WARM_UP + CREATIONS}::bigint) as i`,
  );
  // What the filling leaves to do must not run beside the measurement.
  for (const statement of ['vacuum analyze', 'checkpoint']) await run(databaseUrl, statement);
}

async function run(url: string, statement: string): Promise<void> {
  const db = openDatabase(url, silent);
  await sql.raw(statement).execute(db);
  await db.destroy();
}

async function createMs(server: ServerProcess, index: number): Promise<number> {
  const target = `gw2/stable/part-${index}/1.0.0/part.tar`;
  const phases = [{ basisPoints: 100 }, { basisPoints: 10_000 }];
  const begun = performance.now();
  const rollout = await server.admin.post<RolloutView>('/rollouts', { target, phases });
  const tookMs = performance.now() - begun;
  await server.admin.post(`/rollouts/${rollout.id}/stop`);
  return tookMs;
}
