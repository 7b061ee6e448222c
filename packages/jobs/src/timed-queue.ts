/**
 * Timed work that is done once, however many processes there are: repeated jobs on one of BullMQ's queues, and this
 * process's worker for them. Says when to look, never what is so: a job may come late, twice or not at all, and what it
 * decides has to rest on its owner's own store. A job that fails is told and comes again with the next interval, never in
 * a tight loop.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { JobBackend, JobQueue } from './job-backend.ts';

/** After a crash the next process takes an unfinished job over within about this time. */
const LOCK_MS = 10_000;
/** How long a worker whose loop has failed waits. */
const AGAIN_MS = 1000;
/** What the queue still has to write when the process ends; without it a job is done once more. */
const FAREWELL_MS = 2000;

export interface RepeatedJob {
  readonly name: string;
  readonly everyMs: number;
}

export interface TimedQueueOptions {
  /** The same in all processes that share the work, and in no other program on that store. */
  readonly name: string;
  readonly jobs: readonly RepeatedJob[];
  /** How many jobs this process does at a time. */
  readonly concurrency: number;
  /** Does what a job of that name is for; the name may be of another version of the program. */
  readonly work: (job: string) => Promise<void>;
  readonly log: Logger;
}

/** Jobs by state. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

export interface TimedQueue {
  readonly kind: JobBackend['kind'];
  /**
   * Puts the jobs into the store again, in case that it has lost them. It does so by itself whenever the store comes.
   * Never throws.
   */
  readonly register: () => Promise<void>;
  /** Takes as long as the store does: where that is out of reach, for ever. */
  readonly depth: () => Promise<QueueDepth>;
  /** Waits for the work in hand, then ends; within a few seconds also where the store is out of reach. */
  readonly close: () => Promise<void>;
}

/** @param backend is the queue's from here on: it is closed with it */
export function startTimedQueue(backend: JobBackend, options: TimedQueueOptions): TimedQueue {
  const { name, jobs, concurrency, work, log } = options;
  const queue = backend.newQueue(name);
  const inHand = new Set<Promise<void>>();
  let ending = false;
  const worker = backend.newWorker(
    name,
    async job => {
      if (ending) return; // what was fetched in the last moment comes again with the next interval
      const working = work(job.name);
      inHand.add(working);
      await working.finally(() => inHand.delete(working));
    },
    { concurrency, lockDuration: LOCK_MS, stalledInterval: LOCK_MS / 2, runRetryDelay: AGAIN_MS },
  );
  // Message only: what else hangs on a client's error may repeat the password.
  queue.on('error', error => log.debug({ reason: error.message }, 'the queue has a fault'));
  worker.on('error', error => log.debug({ reason: error.message }, 'the worker has a fault'));
  worker.on('failed', (job, error) => log.error({ err: error, job: job?.name }, 'a timed job failed'));

  let registered = true;
  const register = async () => {
    try {
      await registerJobs(queue, jobs);
      registered = true;
    } catch (error) {
      if (registered) {
        const reason = (error as Error).message;
        log.warn({ reason }, 'the repeated jobs could not be registered; tried again until they are');
      }
      registered = false;
    }
  };
  backend.onReachable(() => void register());

  return {
    kind: backend.kind,
    register,
    depth: () => countJobs(queue),
    close: async () => {
      ending = true;
      const done = new AbortController();
      const farewell = worker
        .close()
        .then(() => queue.close())
        .catch(() => undefined)
        .finally(() => done.abort());
      await Promise.allSettled(inHand);
      const limit = pause(FAREWELL_MS, undefined, { signal: done.signal }).catch(() => undefined);
      await Promise.race([farewell, limit]);
      await backend.close();
    },
  };
}

/** Again and again without harm: a job of that name is replaced. */
async function registerJobs(queue: JobQueue, jobs: readonly RepeatedJob[]): Promise<void> {
  for (const { name, everyMs } of jobs) {
    await queue.upsertJobScheduler(
      name,
      { every: everyMs },
      { name, opts: { removeOnComplete: true, removeOnFail: 10 } },
    );
  }
}

async function countJobs(queue: JobQueue): Promise<QueueDepth> {
  const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  const of = (state: string) => counts[state] ?? 0;
  return { waiting: of('waiting'), active: of('active'), delayed: of('delayed'), failed: of('failed') };
}
