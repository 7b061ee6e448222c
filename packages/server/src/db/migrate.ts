/**
 * Brings the database's shape up to this version: the `.sql` files beside this module (or beside the bundle that it is in),
 * in the order of their names, each once, each in a transaction. Forward only. Several processes may start at once:
 * an advisory lock lets one work while the others wait.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Db } from '../deps.ts';

const FOLDER = join(import.meta.dirname, 'migrations');
const LOCK = 0x71de_0001;

/** Returns the names of the migrations that ran now. Throws what PostgreSQL throws, and then nothing of that file stays. */
export async function migrate(db: Db): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter(f => f.endsWith('.sql')).toSorted();
  return await db.connection().execute(async session => {
    await sql`select pg_advisory_lock(${LOCK}::bigint)`.execute(session);
    try {
      return await runMissing(session, files);
    } finally {
      await sql`select pg_advisory_unlock(${LOCK}::bigint)`.execute(session);
    }
  });
}

async function runMissing<T>(session: Kysely<T>, files: readonly string[]): Promise<string[]> {
  await sql`create table if not exists migrations (file text primary key, ran_at timestamptz not null default now())`.execute(
    session,
  );
  const { rows } = await sql<{ file: string }>`select file from migrations`.execute(session);
  const missing = files.filter(f => !rows.some(r => r.file === f));
  for (const file of missing) {
    const text = await readFile(join(FOLDER, file), 'utf8');
    await session.transaction().execute(async tx => {
      await sql.raw(text).execute(tx);
      await sql`insert into migrations (file) values (${file})`.execute(tx);
    });
  }
  return missing;
}
