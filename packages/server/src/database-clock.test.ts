import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { openDatabaseClock } from './database-clock.ts';
import { freshDatabase } from './testing/fresh-database.ts';

afterEach(() => void vi.useRealTimers());

test("a process whose machine is ten minutes ahead goes by the database's time, and says so", async () => {
  await using closing = new AsyncDisposableStack();
  const base = await freshDatabase();
  closing.defer(() => base.drop());
  const right = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now: right + 600_000 });
  const said: string[] = [];
  const log = pino({}, { write: line => void said.push(line) });
  const clock = await openDatabaseClock({ db: base.db, log });
  closing.defer(() => clock.close());
  const off = clock.now().getTime() - right;
  expect(off).toBeGreaterThanOrEqual(-1);
  expect(off).toBeLessThan(60_000);
  expect(said.join('')).toContain('"offSeconds":');
});
