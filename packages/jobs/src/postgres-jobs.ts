/** BullMQ's jobs in a schema of their own in PostgreSQL. */
import { createPostgresBackend, type PostgresConnectionOptions, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import type { Logger } from 'pino';
import type { JobBackend } from './job-backend.ts';

/**
 * The only one that BullMQ takes for initialized where it is given a pool: with another its worker fails at once, again
 * and again, and nothing else in the process gets a turn. Programs that share a database are apart by their queues' names.
 */
const SCHEMA = 'bullmq';
/** One connection waits for jobs; the others serve short statements. */
const CONNECTIONS = 4;

export interface PostgresJobs {
  readonly url: string;
  readonly clientName: string;
}

export async function openPostgresJobs({ url, clientName }: PostgresJobs, log: Logger): Promise<JobBackend> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    keepAlive: true,
    application_name: clientName,
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', error => log.warn({ reason: error.message }, 'the queue lost a connection'));
  // One that breaks while it is lent out tells whoever has it; without a listener it would end the process.
  pool.on('connect', client => client.on('error', () => undefined));
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
    newWorker: (name, work, options) => new Worker(name, work, { ...options, connection }),
    onReachable: listener => listener(),
    close: () => pool.end(),
  };
}
