/**
 * Where BullMQ keeps the one repeated job: Redis where there is one, else PostgreSQL. Made here, never with BullMQ's
 * process-wide default. The job says when to look; what is found is decided by the repository folder.
 */
import {
  createPostgresBackend,
  createRedisBackend,
  type PostgresConnectionOptions,
  type Processor,
  type Queue,
  runMigrations,
  withBackend,
  type Worker,
} from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import pg from 'pg';

type Listens = { on(event: 'error', listener: (error: Error) => void): unknown };

export interface JobBackend {
  readonly kind: 'postgresql' | 'redis';
  readonly newQueue: (name: string) => Pick<Queue, 'upsertJobScheduler' | 'getJobCounts' | 'close'> & Listens;
  readonly newWorker: (name: string, work: Processor) => Pick<Worker, 'close'> & Listens;
  /** Cuts the connections. */
  readonly close: () => Promise<void>;
}

/**
 * The only one that BullMQ takes for initialized where it is given a pool: with another its worker fails at once, again
 * and again, and nothing else in the process gets a turn. Queues of a shared database are apart by their names.
 */
const SCHEMA = 'bullmq';
const ANSWER_MS = 2000;
const SILENT_MS = 30_000;
const WORKER = { concurrency: 1, lockDuration: 10_000, stalledInterval: 5000, runRetryDelay: 1000 } as const;

export function openJobBackend(stores: {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
}): Promise<JobBackend> {
  const { databaseUrl = '', redisUrl, redisPrefix } = stores;
  return redisUrl === undefined ? openPostgresJobs(databaseUrl) : Promise.resolve(openRedisJobs(redisUrl, redisPrefix));
}

async function openPostgresJobs(url: string): Promise<JobBackend> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 3,
    keepAlive: true,
    application_name: 'tidegate-signer-jobs',
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', () => undefined); // told by what was asked
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, SCHEMA);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  // BullMQ describes pg's pool in words of its own, whose overloads of `on` pg's types do not repeat.
  const connection = pool as unknown as PostgresConnectionOptions;
  const { Queue, Worker } = withBackend(createPostgresBackend);
  return {
    kind: 'postgresql',
    newQueue: name => new Queue(name, { connection }),
    newWorker: (name, work) => new Worker(name, work, { ...WORKER, connection }),
    close: () => pool.end(),
  };
}

function openRedisJobs(url: string, prefix: string): JobBackend {
  const clients: Redis[] = [];
  const connect = (options: RedisOptions): Redis => {
    const client = new Redis(url, {
      connectionName: 'tidegate-signer-jobs',
      connectTimeout: 5000,
      retryStrategy: times => Math.min(times * 100, 2000),
      ...options,
    });
    client.on('error', () => undefined); // told by what was asked
    // The worker makes itself a second client, to wait on: it has to end with the others.
    client.duplicate = more => connect({ ...options, ...more });
    clients.push(client);
    return client;
  };
  const asking = connect({ maxRetriesPerRequest: 0, commandTimeout: ANSWER_MS });
  const working = connect({ maxRetriesPerRequest: null, socketTimeout: SILENT_MS });
  const { Queue, Worker } = withBackend(createRedisBackend);
  // BullMQ asks for the version once, at its first connection; broken off there, it would stay unusable for ever.
  const shared = { prefix, skipVersionCheck: true };
  return {
    kind: 'redis',
    newQueue: name => new Queue(name, { ...shared, connection: asking }),
    newWorker: (name, work) => new Worker(name, work, { ...WORKER, ...shared, connection: working }),
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
}
