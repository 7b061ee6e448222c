/**
 * The timed work: gates and retention, as repeated jobs of BullMQ. Every process may run a worker; a job that two of
 * them run does no harm. A job that fails is logged and comes again with the next interval, never in a tight loop.
 * A start does not wait for the queue, and a queue that falls silent delays the gates by a few ticks, no more.
 */
import type { Job } from 'bullmq';
import type { Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import { tickGates } from '../rollout/gate-tick.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';
import { type JobBackend, type JobQueue, type JobStore, openJobBackend } from './job-backend.ts';
import { nudgeGates } from './gate-nudge.ts';
import { noteRun } from './job-pulse.ts';
import { forgetOld } from './retention.ts';
import { type SilenceWatch, type TimedJob, watchSilence } from './silence-watch.ts';
import { within } from '../within.ts';

const QUEUE = 'tidegate';
const RETENTION_MS = 3_600_000;
/** After a crash the next process takes an unfinished tick over within about this time. */
const LOCK_MS = 10_000;
/** How long a worker whose loop has failed waits. */
const AGAIN_MS = 1000;
/** A queue that does not answer for so long counts as out of reach. */
const ANSWER_MS = 1000;
/** What the queue still has to write when the server ends; without it a job is done once more. */
const FAREWELL_MS = 2000;

/** Jobs by state. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
}

export interface Queues {
  readonly backend: JobBackend['kind'];
  /** Whether the queue answers now, within a second. Never throws. */
  readonly reachable: () => Promise<boolean>;
  /** Undefined where the queue does not answer within a second. Never throws. */
  readonly depth: () => Promise<QueueDepth | undefined>;
  /** Updates of these rollouts have ended: their gates need not wait for the next tick. */
  readonly judgeSoon: (rolloutIds: Iterable<string>) => void;
  /** Waits for the work in hand, then ends; within a few seconds also where the queue is out of reach. */
  readonly close: () => Promise<void>;
}

export interface QueueDeps extends Deps, JobStore {
  readonly config: RolloutConfig;
  readonly pace: Pick<FleetPace, 'intervalSeconds'>;
}

export async function startQueue(deps: QueueDeps): Promise<Queues> {
  const { log, config } = deps;
  const backend = await openJobBackend(deps, log);
  const jobs: readonly TimedJob[] = [
    { name: 'gate-tick', everyMs: Math.max(1, Math.round(config.gateTickSeconds * 1000)), run: () => tickGates(deps) },
    { name: 'retention', everyMs: RETENTION_MS, run: () => forgetOld(deps) },
  ];
  const nudge = nudgeGates(ids =>
    tickGates(deps, ids).catch((error: unknown) =>
      log.warn({ err: error }, 'gates could not be judged before their tick'),
    ),
  );
  const queue = backend.newQueue(QUEUE);
  const inHand = new Set<Promise<void>>();
  let ending = false;
  const worker = backend.newWorker(
    QUEUE,
    async job => {
      if (ending) return; // what was fetched in the last moment comes again with the next interval
      const working = work(deps, jobs, watch, job);
      inHand.add(working);
      await working.finally(() => inHand.delete(working));
    },
    { concurrency: 2, lockDuration: LOCK_MS, stalledInterval: LOCK_MS / 2, runRetryDelay: AGAIN_MS },
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
  const watch = watchSilence(deps, jobs, register);
  backend.onReachable(() => void register());

  const depth = () => within(ANSWER_MS, countJobs(queue)).catch(() => undefined);
  return {
    backend: backend.kind,
    depth,
    judgeSoon: nudge.judgeSoon,
    reachable: async () => (await depth()) !== undefined,
    close: async () => {
      ending = true;
      await watch.close();
      await nudge.close();
      const farewell = worker.close().then(() => queue.close());
      await Promise.allSettled(inHand);
      await within(FAREWELL_MS, farewell).catch(() => undefined);
      await backend.close();
    },
  };
}

/** Again and again without harm: a job of that name is replaced. */
async function registerJobs(queue: JobQueue, jobs: readonly TimedJob[]): Promise<void> {
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

async function work({ db, log }: QueueDeps, jobs: readonly TimedJob[], watch: SilenceWatch, job: Job): Promise<void> {
  const timed = jobs.find(j => j.name === job.name);
  if (!timed) {
    log.warn({ job: job.name.slice(0, 64) }, 'a job of another version was passed over');
    return;
  }
  watch.heard(timed.name);
  await noteRun(db, timed.name);
  await timed.run();
}
