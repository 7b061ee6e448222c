/** Where the run can keep jobs: a test that starts a queue is defined once for each. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';

export interface TestJobStore {
  readonly name: 'PostgreSQL' | 'Redis';
  readonly redisUrl: string | undefined;
}

export function jobStores(): TestJobStore[] {
  const redisUrl = inject('redisUrl');
  const own: TestJobStore = { name: 'PostgreSQL', redisUrl: undefined };
  return redisUrl === null ? [own] : [own, { name: 'Redis', redisUrl }];
}

/** Keys that no other test has, on the Redis of the run. */
export function testPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}
