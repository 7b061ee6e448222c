import { pino } from 'pino';
import { expect, test } from 'vitest';
import { pingIntervalMs, pingWhileAlive } from './watchdog.ts';

const PID = 4711;

test.each([
  [{ WATCHDOG_USEC: '120000000' }, 60_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '4711' }, 60_000],
  [{ WATCHDOG_USEC: '120000000', WATCHDOG_PID: '1' }, undefined],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: '-5' }, undefined],
  [{ WATCHDOG_USEC: 'soon' }, undefined],
  [{ WATCHDOG_USEC: '' }, undefined],
  [{}, undefined],
])('%j asks for a ping every %s ms', (env, expected) => {
  expect(pingIntervalMs(env, PID)).toBe(expected);
});

test('pings at each interval while the driver lives, is silent while it hangs, and says so once', async () => {
  const lives = [true, true, false, false, false, true];
  const pings: number[] = [];
  const said: string[] = [];
  const stop = new AbortController();
  let tick = 0;
  await pingWhileAlive(
    {
      clock: {
        now: () => 0,
        monotonicMs: () => 0,
        local: () => ({ weekday: 0, minute: 0 }),
        sleep: async ms => {
          expect(ms).toBe(60_000);
          tick += 1;
          if (tick === lives.length) stop.abort();
        },
      },
      log: pino({ level: 'error' }, { write: line => void said.push(line) }),
      intervalMs: 60_000,
      isAlive: () => lives[tick] ?? false,
      ping: () => void pings.push(tick),
    },
    stop.signal,
  );
  expect(pings).toEqual([0, 1, 5]);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('the driver hangs');
});
