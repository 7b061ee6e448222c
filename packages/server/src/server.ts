/**
 * The process: opens everything in order, listens, and closes in the opposite order. Nothing listens before the
 * database is migrated, the root is trusted and the board has its first view.
 */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { makeFirstToken } from './admin/first-token.ts';
import { type AppDeps, buildApp } from './app.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Deps } from './deps.ts';
import type { ServerConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { openDatabaseClock } from './database-clock.ts';
import { openArtifactStore } from './content/artifact-store.ts';
import { migrate } from './db/migrate.ts';
import { openDatabase } from './db/open-database.ts';
import type { Db } from './deps.ts';
import { openFleetPace } from './fleet/fleet-pace.ts';
import { openRevocations } from './identity/revocations.ts';
import { openServerKeys } from './identity/server-keys.ts';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.ts';
import { trustRoot } from './publication/trust-root.ts';
import { startQueue } from './queue/queue.ts';
import { openBoard } from './rollout/board.ts';
import { openDeviceMemory } from './rollout/device-memory.ts';

export interface RunningServer {
  readonly deviceUrl: string;
  readonly adminUrl: string;
  /** Resolves when the embedded PostgreSQL ended without being asked to; never where the database is another's. */
  readonly databaseLost: Promise<void>;
  /** Answers what is at work, then ends. */
  close(): Promise<void>;
}

const DATABASE_AGAIN_MS = 1000;

/**
 * @param stop ends a start that still waits for its database
 * @param clock a test's; where absent, the database's time
 * @throws ConfigError where an operator must change something; whatever was opened is closed again
 */
export async function startServer(
  config: ServerConfig,
  log: Logger,
  stop?: AbortSignal,
  clock?: Clock,
): Promise<RunningServer> {
  const closing = new AsyncDisposableStack();
  try {
    return await open(config, log, clock, closing, stop);
  } catch (error) {
    await closing.disposeAsync();
    throw error;
  }
}

async function open(
  config: ServerConfig,
  log: Logger,
  given: Clock | undefined,
  closing: AsyncDisposableStack,
  stop: AbortSignal | undefined,
): Promise<RunningServer> {
  const dataDir = await openDataFolder(config.data);
  const { url, lost } = await databaseUrl(config, dataDir, log, closing);
  const db = openDatabase(url, log, config.databaseAnswerSeconds * 1000);
  closing.defer(() => db.destroy());
  await waitForDatabase(db, log, config.databaseWaitSeconds, stop);
  await migrateDatabase(url, log);

  const clock = given ?? (await agreedClock({ db, log }, closing));
  const deps = { db, clock, log };
  await trustRoot(deps, dataDir, config.trustedRoot).catch((error: unknown) => {
    throw new ConfigError(`the trusted root: ${(error as Error).message}`, { cause: error });
  });
  await makeFirstToken(deps, dataDir);
  const keys = await openServerKeys(dataDir);
  const artifacts = await openArtifactStore(join(dataDir, 'artifacts'));
  const revocations = await openRevocations(deps);
  closing.defer(() => revocations.close());
  // How old its view is, the machine's own clock says: it also goes on while the machine sleeps.
  const board = await openBoard({ ...deps, clock: given ?? systemClock, url });
  closing.defer(() => board.close());
  const pace = await openFleetPace(deps, config.fleet);
  closing.defer(() => pace.close());
  const memory = openDeviceMemory(deps);
  closing.defer(() => memory.close());
  const queue = await startQueue({
    ...deps,
    url,
    redisUrl: config.redisUrl,
    redisPrefix: config.redisPrefix,
    config: config.rollouts,
    pace,
  });
  closing.defer(() => queue.close());

  const tls = await readTls(config);
  const { artifactRedirect, deviceBytesPerSecond, downloadsAtOnce, fleet } = config;
  const downloads = { artifactRedirect, deviceBytesPerSecond, downloadsAtOnce };
  const parts = { keys, artifacts, revocations, board, pace, memory, queue };
  const apps = await buildApp({ ...deps, ...parts, ...downloads, fleet, tls });
  for (const app of [apps.device, apps.admin]) closing.defer(() => app.close());
  const deviceUrl = await listen(apps.device, config.host, config.port, tls ? 'https' : 'http');
  const adminUrl = await listen(apps.admin, config.adminHost, config.adminPort, 'http');
  return { deviceUrl, adminUrl, databaseLost: lost, close: () => closing.disposeAsync() };
}

async function openDataFolder(data: string): Promise<string> {
  const dataDir = resolve(data);
  try {
    await mkdir(dataDir, { recursive: true });
    // Others may pass through (PostgreSQL runs as a user of its own), not look: secrets in it are 0600 each.
    await chmod(dataDir, 0o711);
  } catch (error) {
    throw new ConfigError(`the data folder ${dataDir} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return dataDir;
}

async function databaseUrl(config: ServerConfig, dataDir: string, log: Logger, closing: AsyncDisposableStack) {
  if (config.databaseUrl !== undefined) return { url: config.databaseUrl, lost: new Promise<void>(() => {}) };
  const postgres = await startEmbeddedPostgres(join(dataDir, 'postgres'), log).catch((error: unknown) => {
    throw new ConfigError(`the embedded PostgreSQL does not start: ${(error as Error).message}`, { cause: error });
  });
  closing.defer(() => postgres.stop());
  return { url: postgres.url, lost: postgres.ended };
}

async function agreedClock(deps: Pick<Deps, 'db' | 'log'>, closing: AsyncDisposableStack): Promise<Clock> {
  const clock = await openDatabaseClock(deps);
  closing.defer(() => clock.close());
  return clock;
}

/** A database that starts together with the server may need a moment: tries visibly, for a bounded time. */
async function waitForDatabase(db: Db, log: Logger, seconds: number, stop?: AbortSignal): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    stop?.throwIfAborted();
    try {
      await sql`select 1`.execute(db);
      return;
    } catch (error) {
      const { message } = error as Error;
      if (performance.now() >= end) throw new ConfigError(`PostgreSQL cannot be reached: ${message}`, { cause: error });
      log.warn({ reason: message }, 'PostgreSQL cannot be reached; trying again');
      await wait(DATABASE_AGAIN_MS, undefined, stop && { signal: stop });
    }
  }
}

/** Over a line of its own: to rewrite a large table, or to wait for another process that does, takes what it takes. */
async function migrateDatabase(url: string, log: Logger): Promise<void> {
  const patient = openDatabase(url, log);
  try {
    await migrate(patient);
  } finally {
    await patient.destroy();
  }
}

async function readTls({ tlsCert, tlsKey }: ServerConfig): Promise<AppDeps['tls']> {
  if (tlsCert === undefined || tlsKey === undefined) return null;
  try {
    return { cert: await readFile(tlsCert), key: await readFile(tlsKey), minVersion: 'TLSv1.2' };
  } catch (error) {
    throw new ConfigError(`the TLS certificate or key cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function listen(app: FastifyInstance, host: string, port: number, scheme: string): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new ConfigError(
      `port ${port} of ${host} is taken: end what listens there, or choose another (0 picks a free one)`,
      {
        cause: error,
      },
    );
  }
  const { port: bound } = app.server.address() as AddressInfo;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`;
}
