/**
 * The time that all processes agree on: the database's. A machine whose clock is set wrong must neither offer early, nor
 * call devices silent, nor refuse what another process has signed. Each process measures again and again how its own
 * time stands to the database's; in between, and while that cannot be reached, its monotonic clock carries on.
 */
import { sql } from 'kysely';
import type { Clock } from './clock.ts';
import type { Deps } from './deps.ts';

const MEASURE_MS = 10_000;
/** Half of it is the error of a measurement. */
const SLOWEST_ANSWER_MS = 400;
const TOLD_FROM_MS = 5000;

export interface DatabaseClock extends Clock {
  readonly close: () => Promise<void>;
}

/** @throws Error where the database does not answer: there is no time before the first measurement */
export async function openDatabaseClock({ db, log }: Pick<Deps, 'db' | 'log'>): Promise<DatabaseClock> {
  let aheadOfMonotonicMs = 0;

  async function measure(longestMs: number): Promise<void> {
    const askedAt = performance.now();
    const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
    const hadAt = performance.now();
    const now = rows[0]?.now;
    if (!now || hadAt - askedAt > longestMs) return;
    aheadOfMonotonicMs = now.getTime() - (askedAt + hadAt) / 2;
  }

  await measure(Number.POSITIVE_INFINITY);
  const offMs = Date.now() - (performance.now() + aheadOfMonotonicMs);
  if (Math.abs(offMs) > TOLD_FROM_MS) {
    const offSeconds = Math.round(offMs / 1000);
    log.warn({ offSeconds }, "the clock of this machine is off: the database's time is used; set it right");
  }
  let measuring: Promise<void> | undefined;
  const timer = setInterval(() => {
    measuring ??= measure(SLOWEST_ANSWER_MS)
      .catch(() => undefined) // told by whatever else needs the database
      .finally(() => {
        measuring = undefined;
      });
  }, MEASURE_MS);

  return {
    now: () => new Date(Math.round(performance.now() + aheadOfMonotonicMs)),
    close: async () => {
      clearInterval(timer);
      await measuring;
    },
  };
}
