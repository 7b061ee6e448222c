/**
 * Looks at regular times whether something is due: as a repeated job, and where no job comes, by itself. So a queue that
 * is gone, hung or emptied delays a refresh by a few intervals, no more. The job says when to look; what is found is
 * decided by the repository folder.
 */
import { type JobStore, openJobBackend, startTimedQueue, type TimedQueue } from '@tidegate/jobs';
import type { Logger } from 'pino';

const JOB = 'refresh';
/** Intervals without a job that count as silence. */
const OVERDUE_TIMES = 3;

export interface ScheduleOptions extends Omit<JobStore, 'clientName'> {
  /** Of the repository: services that share a store are kept apart. */
  readonly name: string;
  readonly everyMs: number;
  readonly look: () => void;
  readonly log: Logger;
}

export interface Schedule {
  /** Whether the last interval was brought by the queue. */
  readonly queued: () => boolean;
  readonly close: () => Promise<void>;
}

export function startSchedule(options: ScheduleOptions): Schedule {
  const { databaseUrl, redisUrl, redisPrefix, name, everyMs, look, log } = options;
  let ending = false;
  let heardAt: number | undefined;
  let silent = false;
  let opened: Promise<TimedQueue | undefined> | undefined;

  async function open(): Promise<TimedQueue> {
    const backend = await openJobBackend(
      { clientName: 'tidegate-signer-jobs', databaseUrl, redisUrl, redisPrefix },
      log,
    );
    return startTimedQueue(backend, {
      name: `refresh-${name.slice(0, 16)}`,
      jobs: [{ name: JOB, everyMs }],
      concurrency: 1,
      work: async () => heard(),
      log,
    });
  }

  function heard(): void {
    heardAt = performance.now();
    if (silent) log.info('jobs come from the queue again');
    silent = false;
    if (!ending) look();
  }

  /** What could not even be opened is opened anew the next time; what was opened goes on trying by itself. */
  async function join(): Promise<void> {
    if (opened !== undefined) return (await opened)?.register();
    opened = open().catch((error: unknown) => {
      opened = undefined;
      log.debug({ reason: (error as Error).message }, 'the queue cannot be reached');
      return undefined;
    });
  }

  const started = performance.now();
  const watch = setInterval(() => {
    if (performance.now() - (heardAt ?? started) < OVERDUE_TIMES * everyMs) return;
    if (!silent) log.warn('no job came from the queue: the work is done without it');
    silent = true;
    look();
    void join();
  }, everyMs);
  void join();

  return {
    queued: () => !silent,
    close: async () => {
      ending = true;
      clearInterval(watch);
      await (await opened)?.close();
    },
  };
}
