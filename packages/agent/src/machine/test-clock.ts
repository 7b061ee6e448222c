/** Tests: time for a whole device, that passes only when it is told to. */
import type { Clock } from '../clock.ts';

export const NOW_MS = Date.parse('2026-11-10T12:00:00Z');

/**
 * Time stands still until it is told to pass: nothing may depend on waiting. A sleep ends with its signal, or once its time
 * has passed.
 */
export function testClock(onSleep: (ms: number) => void): { readonly clock: Clock; pass(seconds: number): void } {
  let passedMs = 0;
  const sleepers = new Set<() => void>();
  const clock: Clock = {
    now: () => NOW_MS + passedMs,
    local: ms => ({ weekday: (new Date(ms).getUTCDay() + 6) % 7, minute: Math.floor(ms / 60_000) % 1440 }),
    monotonicMs: () => passedMs,
    sleep: (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const untilMs = passedMs + ms;
      const look = () => {
        if (signal?.aborted !== true && passedMs < untilMs) return;
        sleepers.delete(look);
        resolve();
      };
      sleepers.add(look);
      signal?.addEventListener('abort', look, { once: true });
      onSleep(ms);
      look();
      return promise;
    },
  };
  return {
    clock,
    pass: seconds => {
      passedMs += seconds * 1000;
      for (const look of sleepers) look();
    },
  };
}
