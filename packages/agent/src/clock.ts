/** Time as the agent sees it, handed in so that tests can set it. The wall clock may lie; `monotonicMs` never goes back. */
import { setTimeout as wait } from 'node:timers/promises';
import type { LocalTime } from '@tidegate/protocol';

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  monotonicMs(): number;
  /** What the clock on the wall shows at a moment of `now`. */
  local(ms: number): LocalTime;
  /** Resolves after `ms`, or as soon as the signal fires; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  local(ms) {
    const at = new Date(ms);
    return { weekday: (at.getDay() + 6) % 7, minute: at.getHours() * 60 + at.getMinutes() };
  },
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, signal ? { signal } : {});
    } catch {
      // The signal woke us: that is what it is for.
    }
  },
};
