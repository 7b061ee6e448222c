/**
 * The timed work: gates and retention, as repeated jobs of BullMQ. Every process may run a worker; a job that two of
 * them run does no harm. A job that fails is logged and comes again with the next interval, never in a tight loop.
 */
import type { Job } from 'bullmq';
import type { Deps } from '../deps.ts';
import { tickGates } from '../rollout/gate-tick.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';
import { openJobBackend } from './job-backend.ts';
import { forgetOld } from './retention.ts';

const QUEUE = 'tidegate';
const RETENTION_MS = 3_600_000;
/** After a crash the next process takes an unfinished tick over within about this time. */
const LOCK_MS = 10_000;

export interface Queues {
  /** Waits for the job at work, then ends. */
  readonly close: () => Promise<void>;
}

export interface QueueDeps extends Deps {
  readonly url: string;
  readonly config: RolloutConfig;
}

export async function startQueue(deps: QueueDeps): Promise<Queues> {
  const { log, config } = deps;
  const backend = await openJobBackend(deps.url, log);
  const { connection } = backend;
  const queue = new backend.Queue(QUEUE, { connection });
  const worker = new backend.Worker(QUEUE, job => work(deps, job), {
    connection,
    concurrency: 2,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS / 2,
  });
  queue.on('error', error => log.warn({ err: error }, 'the queue has a fault'));
  worker.on('error', error => log.warn({ err: error }, 'the worker has a fault'));
  worker.on('failed', (job, error) => log.error({ err: error, job: job?.name }, 'a timed job failed'));
  await repeat('gate-tick', Math.max(1, Math.round(config.gateTickSeconds * 1000)));
  await repeat('retention', RETENTION_MS);

  function repeat(name: JobName, every: number) {
    return queue.upsertJobScheduler(name, { every }, { name, opts: { removeOnComplete: true, removeOnFail: 10 } });
  }

  return {
    close: async () => {
      await worker.close();
      await queue.close();
      await backend.close();
    },
  };
}

type JobName = 'gate-tick' | 'retention';

async function work(deps: QueueDeps, job: Job): Promise<void> {
  if (job.name === 'gate-tick') await tickGates(deps);
  else if (job.name === 'retention') await forgetOld(deps);
  else deps.log.warn({ job: job.name }, 'a job of another version was passed over');
}
