/**
 * A real PostgreSQL of the server's own, for a machine that has none: in the data folder, on 127.0.0.1 and a free port,
 * with a random password. It ends with the server, also when that is killed; what a kill left over is stopped first.
 */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { clearLeftOver } from './left-over.ts';
import { CLUSTER_USER, openCluster } from './postgres-cluster.ts';
import { type GuardedPostgres, startGuarded } from './postgres-guard.ts';
import { findPostgresPlace } from './postgres-place.ts';

export interface EmbeddedPostgres {
  readonly url: string;
  /** Resolves when it has ended, whether asked to or not. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** For tests alone: faster, and a power cut may lose everything. */
export const NOT_DURABLE = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
const READY_WITHIN_MS = 120_000;

/** Throws, with PostgreSQL's own words, where it does not start: folder not writable, disk full, no user to run as. */
export async function startEmbeddedPostgres(
  dataDir: string,
  log: Logger,
  { durable = true }: { durable?: boolean } = {},
): Promise<EmbeddedPostgres> {
  const home = resolve(dataDir);
  await mkdir(home, { recursive: true });
  const place = await findPostgresPlace(home, durable);
  const cluster = await openCluster(home, place, durable);
  await clearLeftOver(cluster.folder, log);
  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    'log_min_messages=warning',
    'log_checkpoints=off',
    ...(durable ? [] : NOT_DURABLE),
  ];
  const guarded = startGuarded(place, ['-D', cluster.folder, ...settings.flatMap(s => ['-c', s])], log);
  const url = (database: string) => `postgresql://${CLUSTER_USER}:${cluster.password}@127.0.0.1:${port}/${database}`;
  try {
    await makeDatabase(url('postgres'), guarded);
  } catch (error) {
    await guarded.stop();
    throw error;
  }
  return { url: url('tidegate'), ended: guarded.ended, stop: guarded.stop };
}

/** Waits until PostgreSQL answers (it may have to recover first), then makes the server's database where there is none. */
async function makeDatabase(url: string, guarded: GuardedPostgres): Promise<void> {
  const ended = new AbortController();
  void guarded.ended.then(() => ended.abort());
  for (let waited = 0; !ended.signal.aborted && waited < READY_WITHIN_MS; waited += 50) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined); // told by connect or query as well
    try {
      await client.connect();
      const { rowCount } = await client.query("select from pg_database where datname = 'tidegate'");
      if (rowCount === 0) await client.query('create database tidegate');
      return;
    } catch (error) {
      if (!isNotReadyYet(error)) throw error;
      await delay(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  throw new Error(`PostgreSQL did not start: ${guarded.lastWords() || 'it said nothing'}`);
}

/** Refused (not listening yet), or 57P03: starting up. */
function isNotReadyYet(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03';
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done, fail) => probe.once('error', fail).listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise(done => probe.close(done));
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}
