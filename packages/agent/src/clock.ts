/** Time as the agent sees it, handed in so that tests can set it. The wall clock may lie; `monotonicMs` never goes back. */
import { setTimeout as wait } from 'node:timers/promises';

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as the signal fires; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await wait(ms, undefined, signal ? { signal } : {});
    } catch {
      // The signal woke us: that is what it is for.
    }
  },
};
