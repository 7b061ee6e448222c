/** A database of its own for a test file, migrated and empty, on the PostgreSQL of the run. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { pino } from 'pino';
import { inject } from 'vitest';
import { migrate } from '../db/migrate.ts';
import { openDatabase } from '../db/open-database.ts';
import type { Db } from '../deps.ts';

export interface FreshDatabase {
  readonly url: string;
  readonly db: Db;
  /** Closes the pool and drops the database, also where connections of others are left. */
  drop(): Promise<void>;
}

/** A database without tables, for what migrates by itself. */
export async function emptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const admin = inject('databaseUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = new URL(admin);
  url.pathname = `/${name}`;
  await run(admin, `create database ${name}`);
  return { url: url.href, drop: () => run(admin, `drop database if exists ${name} with (force)`) };
}

export async function freshDatabase(): Promise<FreshDatabase> {
  const { url, drop } = await emptyDatabase();
  const db = openDatabase(url, pino({ level: 'silent' }));
  await migrate(db);
  return {
    url,
    db,
    drop: async () => {
      await db.destroy();
      await drop();
    },
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // told by connect or query as well
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
