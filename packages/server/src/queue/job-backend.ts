/**
 * Where BullMQ keeps its jobs: Redis where there is one, else PostgreSQL. One code path: every queue and worker is made
 * here, never with BullMQ's process-wide default. Jobs carry when to look; what they decide rests on row locks.
 */
import type { Job, Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import type { Logger } from 'pino';
import { openPostgresJobs } from './postgres-jobs.ts';
import { openRedisJobs } from './redis-jobs.ts';

/** What both backends' classes have in common, in words that name no connection. */
export type JobQueue = Pick<Queue, 'upsertJobScheduler' | 'getJobCounts' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};
export type JobWorker = Pick<Worker, 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown;
};
export type JobWorkerOptions = Omit<WorkerOptions, 'connection'>;

export interface JobBackend {
  readonly kind: 'postgresql' | 'redis';
  readonly newQueue: (name: string) => JobQueue;
  readonly newWorker: (name: string, work: Processor, options: JobWorkerOptions) => JobWorker;
  /** Calls back each time that the store has become reachable, at the latest for the first time once it is. */
  readonly onReachable: (listener: () => void) => void;
  /** Cuts the connections. Whatever still waits for an answer fails. */
  readonly close: () => Promise<void>;
}

export interface JobStore {
  /** Of the server's own database. */
  readonly url: string;
  readonly redisUrl: string | undefined;
  /** Begins the name of every key in Redis. */
  readonly redisPrefix: string;
}

export function openJobBackend({ url, redisUrl, redisPrefix }: JobStore, log: Logger): Promise<JobBackend> {
  return redisUrl === undefined
    ? openPostgresJobs(url, log)
    : Promise.resolve(openRedisJobs(redisUrl, redisPrefix, log));
}
