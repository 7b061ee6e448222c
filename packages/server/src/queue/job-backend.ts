/**
 * Where BullMQ keeps its jobs. One code path: every queue and worker is given the classes made here, never BullMQ's
 * process-wide default. Jobs carry when to look; what they decide rests on row locks.
 */
import { createPostgresBackend, type PostgresConnectionOptions, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import type { Logger } from 'pino';

const SCHEMA = 'bullmq';
/** One connection waits for jobs; the others serve short statements. */
const CONNECTIONS = 4;

/** The classes bound to PostgreSQL, the pool that they share, and its end. */
export async function openJobBackend(url: string, log: Logger) {
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
  return { ...withBackend(createPostgresBackend), connection, close: () => pool.end() };
}
