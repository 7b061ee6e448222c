/** BullMQ's jobs in a schema of the server's own database. */
import { createPostgresBackend, type PostgresConnectionOptions, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import type { Logger } from 'pino';
import type { JobBackend } from './job-backend.ts';

const SCHEMA = 'bullmq';
/** One connection waits for jobs; the others serve short statements. */
const CONNECTIONS = 4;

export async function openPostgresJobs(url: string, log: Logger): Promise<JobBackend> {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    keepAlive: true,
    application_name: 'tidegate-queue',
    options: `-c search_path=${SCHEMA}`,
  });
  pool.on('error', error => log.warn({ err: error }, 'the queue lost a connection'));
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
