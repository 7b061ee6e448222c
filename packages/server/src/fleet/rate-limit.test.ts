import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ServerError } from '../server-error.ts';
import { addressKey } from './load-control.ts';
import { rateLimit } from './rate-limit.ts';

/** What lives, after all that does not was cleared away. */
function heapBytes(): number {
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString('--expose-gc');
const clock = { now: () => new Date(0) };
const refusal = (ask: () => void) => {
  try {
    ask();
  } catch (error) {
    return error as ServerError;
  }
  return undefined;
};

test('lets a minute’s worth through at once, then tells when there is room again', () => {
  let now = 0;
  const limit = rateLimit({ now: () => new Date(now) }, 60);
  for (let i = 0; i < 60; i++) limit.admit('a');
  expect(refusal(() => limit.admit('a'))).toMatchObject({ code: 'too-many-requests', retryAfterSeconds: 1 });
  limit.admit('b');
  now += 1000;
  limit.admit('a');
});

test('remembers a bounded number of a million addresses in 20 MB, and lets one that it knew go on being limited while it asks', () => {
  const limit = rateLimit(clock, 10);
  let refused = 0;
  const before = heapBytes();
  for (let i = 0; i < 1_000_000; i++) {
    limit.admit(addressKey(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
    if (i % 40_000 === 0 && refusal(() => limit.admit('192.0.2.1'))) refused++;
  }
  expect(heapBytes() - before).toBeLessThan(20_000_000);
  expect(limit.remembered()).toBeLessThanOrEqual(100_000);
  expect(limit.remembered()).toBeGreaterThan(49_999);
  expect(refused).toBe(15);
});
