/**
 * Ticks the gates where the queue does not: a rollout that has to halt must not wait for Redis. Looks at what the queue
 * is there for, not at its connection, so it does not matter why no tick came. Of many processes one ticks at a time.
 */
import { tickGates } from '../rollout/gate-tick.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';
import type { Deps } from '../deps.ts';
import { claimOverdueTick } from './gate-pulse.ts';

const OVERDUE_TICKS = 3;
const LEAST_OVERDUE_MS = 1000;

export interface SilenceWatch {
  /** Waits for a tick in hand. */
  readonly close: () => Promise<void>;
}

/** @param wake is called whenever the queue is found silent, to register its jobs again */
export function watchSilence(
  deps: Deps & { readonly config: RolloutConfig },
  { tickMs, wake }: { readonly tickMs: number; readonly wake: () => Promise<void> },
): SilenceWatch {
  const overdueMs = Math.max(LEAST_OVERDUE_MS, OVERDUE_TICKS * tickMs);
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, overdueMs / OVERDUE_TICKS);

  async function look(): Promise<void> {
    try {
      if (!(await claimOverdueTick(deps.db, overdueMs))) return;
      deps.log.warn({ overdueMs }, 'no tick came from the queue: the gates are judged without it');
      void wake();
      await tickGates(deps);
    } catch (error) {
      deps.log.warn({ reason: (error as Error).message }, 'the gates could not be judged');
    }
  }

  return {
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
