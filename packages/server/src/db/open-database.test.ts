import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { openDatabase } from './open-database.ts';

let base: FreshDatabase;
beforeEach(async () => {
  base = await freshDatabase();
});
afterEach(() => base.drop());

test('a restart of PostgreSQL between two statements of a transaction fails that transaction, not the process', async () => {
  const db = openDatabase(base.url, pino({ level: 'silent' }));
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  process.on('uncaughtException', note);
  try {
    const broken = db.transaction().execute(async tx => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid}, 10000)`.execute(base.db);
      // Its end may still be on the way here: what is sent meanwhile is lost with it.
      await sql`select pg_sleep(0.2)`.execute(base.db);
      await sql`select 1`.execute(tx);
    });
    await expect(broken).rejects.toThrow();
    expect(uncaught).toEqual([]);
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  } finally {
    process.off('uncaughtException', note);
    await db.destroy();
  }
});
