/**
 * The connection to PostgreSQL: one pool a process. int8 arrives as a number, since every bigint column of ours
 * stays below 2^53. A connection that breaks while idle is logged; the pool replaces it by itself.
 */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Db } from '../deps.ts';
import type { Database } from './schema.ts';

const { INT8 } = pg.types.builtins;

/** @param url `postgresql://…`. Nothing is connected yet; `db.destroy()` closes the pool. */
export function openDatabase(url: string, log: Logger): Db {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'tidegate-server',
    types: { getTypeParser: parserOf },
  });
  pool.on('error', error => log.warn({ err: error }, 'a database connection broke'));
  // One that breaks while it is lent out, between two statements, would else end the process: its next statement tells.
  pool.on('connect', client => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

const parserOf: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  oid === INT8 ? (text: string) => Number(text) : pg.types.getTypeParser(oid, format);
