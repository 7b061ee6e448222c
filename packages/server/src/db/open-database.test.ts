import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabaseLink } from '../testing/database-link.ts';
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

const ANSWER_MS = 1000;
const silent = pino({ level: 'silent' });

test('lines that go dead without a word are given up in time, and new ones take their place', async () => {
  await using stack = new AsyncDisposableStack();
  const link = await openDatabaseLink(base.url);
  stack.defer(() => link.close());
  const db = openDatabase(link.url, silent, ANSWER_MS);
  stack.defer(() => db.destroy());
  const askAll = () => Promise.allSettled(Array.from({ length: 10 }, () => sql`select pg_sleep(0.05)`.execute(db)));
  const outcomes = async () => new Set((await askAll()).map(r => r.status));
  expect(await outcomes()).toEqual(new Set(['fulfilled']));
  link.stall();
  const asked = outcomes();
  link.replace();
  expect(await asked).toEqual(new Set(['rejected']));
  expect(await outcomes()).toEqual(new Set(['fulfilled']));
});

test('what a line that went dead within a transaction had locked is set free in time', async () => {
  await using stack = new AsyncDisposableStack();
  const link = await openDatabaseLink(base.url);
  stack.defer(() => link.close());
  const db = openDatabase(link.url, silent, ANSWER_MS);
  stack.defer(() => db.destroy());
  const dying = db.transaction().execute(async tx => {
    await sql`lock table releases`.execute(tx);
    link.stall();
    await sql`select 1`.execute(tx);
  });
  await expect(dying).rejects.toThrow(/^(Connection terminated|Client has encountered a connection error)/);
  await base.db.transaction().execute(tx => sql`lock table releases`.execute(tx));
});

test('a statement that is merely slow fails alone: its connection stays', async () => {
  const db = openDatabase(base.url, silent, ANSWER_MS);
  try {
    const pid = async () => (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid;
    const before = await pid();
    await expect(sql`select pg_sleep(60)`.execute(db)).rejects.toMatchObject({ code: '57014' });
    expect(await pid()).toBe(before);
  } finally {
    await db.destroy();
  }
});

test('a statement with the name of a plan is planned once by its connection', async () => {
  const db = openDatabase(base.url, silent);
  try {
    await db.connection().execute(async one => {
      for (const n of [1, 2]) await sql`/* plan: tried-here */ select ${n}::int`.execute(one);
      await sql`select 3::int`.execute(one);
      const { rows } = await sql`select name, generic_plans + custom_plans as runs from pg_prepared_statements`.execute(
        one,
      );
      expect(rows).toEqual([{ name: 'tried-here', runs: 2 }]);
    });
  } finally {
    await db.destroy();
  }
});
