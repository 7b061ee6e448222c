/**
 * The connection to PostgreSQL: one pool a process. int8 arrives as a number, since every bigint column of ours
 * stays below 2^53. A connection that breaks while idle is logged; the pool replaces it by itself.
 */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Db } from '../deps.ts';
import { BoundedClient, type BoundedConfig } from './bounded-client.ts';
import type { Database } from './schema.ts';

const { INT8 } = pg.types.builtins;
/** Enough for whatever is done once, such as to migrate a large database. */
const PATIENT_MS = 3_600_000;

/**
 * @param url `postgresql://…`. Nothing is connected yet; `db.destroy()` closes the pool.
 * @param answerWithinMs no statement takes longer, and a line that went dead holds nobody up for longer
 */
export function openDatabase(url: string, log: Logger, answerWithinMs: number = PATIENT_MS): Db {
  const config: pg.PoolConfig & BoundedConfig = {
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: Math.min(10_000, answerWithinMs),
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'tidegate-server',
    types: { getTypeParser: parserOf },
    answerWithinMs,
    // As the pool calls it: with the whole of its own configuration.
    Client: BoundedClient as unknown as NonNullable<pg.PoolConfig['Client']>,
  };
  const pool = new pg.Pool(config);
  pool.on('error', error => log.warn({ err: error }, 'a database connection broke'));
  // One that breaks while it is lent out, between two statements, would else end the process: its next statement tells.
  pool.on('connect', client => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

const parserOf: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  oid === INT8 ? (text: string) => Number(text) : pg.types.getTypeParser(oid, format);
