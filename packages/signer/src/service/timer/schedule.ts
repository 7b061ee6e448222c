/**
 * Looks at regular times whether something is due: as a repeated job of BullMQ, and where no job comes, by itself. So a
 * queue that is gone, hung or emptied delays a refresh by a few intervals, no more.
 */
import type { Logger } from 'pino';
import { type JobBackend, openJobBackend } from './job-backend.ts';

const JOB = 'refresh';
/** Intervals without a job that count as silence. */
const OVERDUE_TIMES = 3;
const FAREWELL_MS = 2000;

export interface ScheduleOptions {
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
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
  const { everyMs, look, log } = options;
  const queueName = `refresh-${options.name.slice(0, 16)}`;
  const end = new AbortController();
  let heardAt: number | undefined;
  let silent = false;
  let opened: Promise<Opened> | undefined;

  interface Opened {
    readonly backend: JobBackend;
    readonly register: () => Promise<unknown>;
    readonly close: () => Promise<void>;
  }

  async function open(): Promise<Opened> {
    const backend = await openJobBackend(options);
    const queue = backend.newQueue(queueName);
    const worker = backend.newWorker(queueName, async () => {
      heardAt = performance.now();
      if (silent) log.info('jobs come from the queue again');
      silent = false;
      if (!end.signal.aborted) look();
    });
    // Message only: what else hangs on a client's error may repeat the password.
    for (const part of [queue, worker])
      part.on('error', error => log.debug({ reason: error.message }, 'the queue has a fault'));
    return {
      backend,
      register: () =>
        queue.upsertJobScheduler(
          JOB,
          { every: everyMs },
          { name: JOB, opts: { removeOnComplete: true, removeOnFail: 10 } },
        ),
      close: async () => {
        const farewell = worker.close().then(() => queue.close());
        await Promise.race([farewell, pause(FAREWELL_MS)]).catch(() => undefined);
        await backend.close();
      },
    };
  }

  async function join(): Promise<void> {
    try {
      opened ??= open();
      await (await opened).register();
    } catch (error) {
      const failed = opened;
      // What could not even be opened is opened anew the next time; what was opened goes on trying by itself.
      await failed?.catch(() => (opened = undefined));
      log.debug({ reason: (error as Error).message }, 'the queue cannot be reached');
    }
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
      end.abort();
      clearInterval(watch);
      await opened?.then(
        o => o.close(),
        () => undefined,
      );
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms).unref());
}
