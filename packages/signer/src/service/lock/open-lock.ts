/** The lock of the active process: in PostgreSQL where there is one, else in Redis. */
import type { ServiceConfig } from '../config.ts';
import type { ActiveLock } from './active-lock.ts';
import { postgresLock } from './postgres-lock.ts';
import { redisLock } from './redis-lock.ts';

/** @param name of the repository: the same for all its processes */
export function openLock(
  { databaseUrl, redisUrl = '', redisPrefix }: Pick<ServiceConfig, 'databaseUrl' | 'redisUrl' | 'redisPrefix'>,
  name: string,
): ActiveLock {
  return databaseUrl === undefined ? redisLock(redisUrl, redisPrefix, name) : postgresLock(databaseUrl, name);
}
