/** The lock as a key in Redis that expires unless its holder renews it. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { ActiveLock, Held } from './active-lock.ts';

const LIFE_MS = 15_000;
const RENEW_MS = 4000;
const ANSWER_MS = 3000;

const RENEW = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end`;
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end`;

/** @param name what is locked: the same for all processes of one repository */
export function redisLock(url: string, prefix: string, name: string): ActiveLock {
  const client = new Redis(url, {
    connectionName: 'tidegate-signer-lock',
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: true,
    retryStrategy: times => Math.min(times * 100, 2000),
  });
  client.on('error', () => undefined); // told by what was asked
  const key = `${prefix}:active:${name}`;
  const take = async (): Promise<Held | undefined> => {
    const mine = randomUUID();
    if ((await client.set(key, mine, 'PX', LIFE_MS, 'NX')) !== 'OK') return undefined;
    const lost = new AbortController();
    let renewedAt = performance.now();
    const renew = async () => {
      const asked = performance.now();
      try {
        if ((await client.eval(RENEW, 1, key, mine, LIFE_MS)) === 1) renewedAt = asked;
        else lost.abort();
      } catch {
        // It may still be ours until its life is over; after that another may have it.
        if (performance.now() - renewedAt > LIFE_MS - RENEW_MS) lost.abort();
      }
    };
    const renewing = setInterval(() => void renew(), RENEW_MS);
    lost.signal.addEventListener('abort', () => clearInterval(renewing), { once: true });
    return {
      lost: lost.signal,
      release: async () => {
        clearInterval(renewing);
        await client.eval(RELEASE, 1, key, mine).catch(() => undefined);
      },
    };
  };
  return { take, close: async () => client.disconnect() };
}
