/**
 * What an operator runs, each part a process that can be killed: PostgreSQL, Redis, three servers, each on a link of
 * its own.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, startEmbeddedPostgres } from '@tidegate/server';
import { type DatabaseLink, openDatabaseLink, startRedis } from '@tidegate/server/testing';
import { sql } from 'kysely';
import { pino } from 'pino';
import { freePorts } from '../src/free-port.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';

export const SERVERS = 3;
const silent = pino({ level: 'silent' });

export interface Place {
  readonly link: DatabaseLink;
  /** Undefined while it is down. */
  server: ServerProcess | undefined;
}

export interface Site {
  /** All servers share it. */
  readonly data: string;
  readonly places: readonly Place[];
  /** Of those that run. */
  readonly servers: () => readonly ServerProcess[];
  /** @param preload a module that is loaded before the server's own */
  readonly startServer: (place: Place, preload?: string) => Promise<ServerProcess>;
  /** A connection past all links, for what looks at the truth. */
  readonly database: () => string;
  readonly postgres: { stop(): Promise<void>; kill(): Promise<void>; start(): Promise<void> };
  readonly redis: { kill(): Promise<void>; start(): Promise<void> };
}

export async function openSite(folder: string, closing: AsyncDisposableStack): Promise<Site> {
  const startPostgres = () => startEmbeddedPostgres(join(folder, 'postgres'), silent);
  let postgres = await startPostgres();
  closing.defer(() => postgres.stop());
  const [redisPort = 0] = await freePorts(1);
  let redis = await startRedis(folder, redisPort);
  closing.defer(() => redis.kill());

  const data = join(folder, 'server');
  const trustedRoot = join(folder, 'root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const places: Place[] = [];
  const startServer = async (place: Place, preload?: string): Promise<ServerProcess> => {
    const server = await startServerProcess({
      data,
      trustedRoot,
      pollSeconds: 1,
      gateTickSeconds: 0.5,
      databaseUrl: place.link.url,
      redis: { url: redis.url, prefix: 'chaos' },
      ...(preload !== undefined && { preload }),
    });
    place.server = server;
    return server;
  };
  for (let i = 0; i < SERVERS; i++) {
    const link = await openDatabaseLink(postgres.url);
    closing.defer(() => link.close());
    const place: Place = { link, server: undefined };
    places.push(place);
    closing.defer(async () => void (await place.server?.child.stop()));
    await startServer(place);
  }

  return {
    data,
    places,
    servers: () => places.flatMap(({ server }) => server ?? []),
    startServer,
    database: () => postgres.url,
    postgres: {
      stop: () => postgres.stop(),
      kill: async () => {
        await killTree(await postmasterOf(postgres.url));
        await postgres.ended;
      },
      start: async () => {
        postgres = await startPostgres();
        for (const { link } of places) link.lead(postgres.url);
      },
    },
    redis: {
      kill: () => redis.kill(),
      start: async () => {
        redis = await startRedis(folder, redisPort);
      },
    },
  };
}

async function postmasterOf(url: string): Promise<number> {
  const db = openDatabase(url, silent);
  try {
    const { rows } = await sql<{ pid: number }>`
      select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::int as pid`.execute(db);
    return rows[0]?.pid ?? 0;
  } finally {
    await db.destroy();
  }
}

/** The postmaster first, so that it starts nothing to replace its children. */
async function killTree(pid: number): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const one of [pid, ...children.trim().split(' ').map(Number)]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
