/** The lock as an advisory lock of PostgreSQL: it belongs to a connection, and goes with it. */
import pg from 'pg';
import type { ActiveLock, Held } from './active-lock.ts';

/** Keeps our locks apart from other programs' in the same database. */
const CLASS = 0x7d67;
const BEAT_MS = 2000;
/** A database that does not answer for so long may have given the lock to another. */
const ANSWER_MS = 5000;

/** @param name what is locked: the same for all processes of one repository */
export function postgresLock(url: string, name: string): ActiveLock {
  const key = Number.parseInt(name.slice(0, 8), 16) | 0;
  const take = async (): Promise<Held | undefined> => {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'tidegate-signer-lock',
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    });
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    try {
      await client.connect();
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [
        CLASS,
        key,
      ]);
      if (rows[0]?.taken !== true) {
        await client.end();
        return undefined;
      }
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    const beat = setInterval(() => {
      client.query('select 1').catch(() => lost.abort());
    }, BEAT_MS);
    lost.signal.addEventListener('abort', () => clearInterval(beat), { once: true });
    return {
      lost: lost.signal,
      release: async () => {
        clearInterval(beat);
        await client.end().catch(() => undefined);
      },
    };
  };
  return { take, close: async () => undefined };
}
