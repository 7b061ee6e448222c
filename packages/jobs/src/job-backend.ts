/**
 * Where BullMQ keeps its jobs: Redis where there is one, else PostgreSQL. One code path: every queue and worker is made
 * here, never with BullMQ's process-wide default.
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
  /** What the store's owner sees as the name of our connections. */
  readonly clientName: string;
  /** Asked only where there is no `redisUrl`. */
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  /** Begins the name of every key in Redis. */
  readonly redisPrefix: string;
}

/** @throws where PostgreSQL cannot be reached. Redis may be absent: it is joined when it comes. */
export async function openJobBackend(store: JobStore, log: Logger): Promise<JobBackend> {
  const { clientName, databaseUrl, redisUrl, redisPrefix } = store;
  if (redisUrl !== undefined) return openRedisJobs({ url: redisUrl, prefix: redisPrefix, clientName }, log);
  if (databaseUrl === undefined) throw new Error('timed work needs a Redis or a PostgreSQL');
  return await openPostgresJobs({ url: databaseUrl, clientName }, log);
}
