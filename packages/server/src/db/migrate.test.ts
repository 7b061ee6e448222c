import { afterAll, beforeAll, expect, test } from 'vitest';
import { pino } from 'pino';
import { emptyDatabase } from '../testing/fresh-database.ts';
import { migrate } from './migrate.ts';
import { openDatabase } from './open-database.ts';

const log = pino({ level: 'silent' });
let database: Awaited<ReturnType<typeof emptyDatabase>>;
beforeAll(async () => {
  database = await emptyDatabase();
});
afterAll(() => database.drop());

test('processes that start at once migrate once, and a later start finds nothing to do', async () => {
  const pools = [1, 2, 3].map(() => openDatabase(database.url, log));
  const [db] = pools;
  const ran = await Promise.all(pools.map(pool => migrate(pool)));
  const first = ran.flat();
  expect(first).toContain('0001-core.sql');
  expect(new Set(first).size).toBe(first.length);
  expect(await migrate(db!)).toEqual([]);
  await Promise.all(pools.map(pool => pool.destroy()));
});
