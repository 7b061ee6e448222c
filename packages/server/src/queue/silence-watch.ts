/**
 * Does the timed work where the queue does not: a rollout that has to halt must not wait for Redis. Looks at what the
 * queue is there for, not at its connection, so it does not matter why no job came. Of many processes one works at a time.
 */
import type { Deps } from '../deps.ts';
import { claimOverdue } from './job-pulse.ts';

const OVERDUE_TIMES = 3;
const LEAST_OVERDUE_MS = 1000;

export interface TimedJob {
  readonly name: 'gate-tick' | 'retention' | 'totals';
  readonly everyMs: number;
  readonly run: () => Promise<void>;
}

export interface SilenceWatch {
  /** The queue has brought that job to this process: a silence is over. */
  readonly heard: (name: TimedJob['name']) => void;
  /** Waits for the work in hand. */
  readonly close: () => Promise<void>;
}

/** @param wake is called whenever the queue is found silent, to register its jobs again */
export function watchSilence(
  deps: Pick<Deps, 'db' | 'log'>,
  jobs: readonly TimedJob[],
  wake: () => Promise<void>,
): SilenceWatch {
  const silent = new Set<TimedJob['name']>();
  const watches = jobs.map(job => {
    const overdueMs = Math.max(LEAST_OVERDUE_MS, OVERDUE_TIMES * job.everyMs);
    return lookAgainAndAgain(overdueMs / OVERDUE_TIMES, () => look(job, overdueMs));
  });

  async function look(job: TimedJob, overdueMs: number): Promise<void> {
    try {
      if (!(await claimOverdue(deps.db, job.name, overdueMs))) return;
      if (!silent.has(job.name)) {
        deps.log.warn({ job: job.name, overdueMs }, 'no job came from the queue: the work is done without it');
      }
      silent.add(job.name);
      void wake();
      await job.run();
    } catch (error) {
      deps.log.warn({ job: job.name, reason: (error as Error).message }, 'timed work could not be done');
    }
  }

  return {
    heard: name => {
      if (silent.delete(name)) deps.log.info({ job: name }, 'jobs come from the queue again');
    },
    close: async () => {
      await Promise.all(watches.map(end => end()));
    },
  };
}

/** Begins after a pause: what is overdue since before this process began is the queue's to bring first. @returns what ends it */
function lookAgainAndAgain(everyMs: number, look: () => Promise<void>): () => Promise<void> {
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await looking;
  };
}
