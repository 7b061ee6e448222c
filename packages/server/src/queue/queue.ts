/**
 * The timed work: gates, totals and retention. Every process may do it; a job that two of them do does no harm: what it decides
 * rests on row locks. A start does not wait for Redis, and a queue that falls silent delays the gates by a few ticks, no
 * more.
 */
import { type JobBackend, type JobStore, openJobBackend, type QueueDepth, startTimedQueue } from '@tidegate/jobs';
import type { Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import { tickGates } from '../rollout/gate-tick.ts';
import type { RolloutConfig } from '../rollout/rollout-config.ts';
import { countTotals } from '../rollout/total.ts';
import { nudgeGates } from './gate-nudge.ts';
import { noteRun } from './job-pulse.ts';
import { forgetOld } from './retention.ts';
import { type SilenceWatch, type TimedJob, watchSilence } from './silence-watch.ts';
import { within } from '../within.ts';

const QUEUE = 'tidegate';
/** Gates need not wait while old rows are forgotten or devices are counted. */
const CONCURRENCY = 3;
const RETENTION_MS = 3_600_000;
const TOTALS_MS = 2000;
/** A queue that does not answer for so long counts as out of reach. */
const ANSWER_MS = 1000;

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

export interface QueueDeps extends Deps, Pick<JobStore, 'redisUrl' | 'redisPrefix'> {
  /** Of the server's own database. */
  readonly url: string;
  readonly config: RolloutConfig;
  readonly pace: Pick<FleetPace, 'intervalSeconds'>;
}

export async function startQueue(deps: QueueDeps): Promise<Queues> {
  const { log, config, url, redisUrl, redisPrefix } = deps;
  const backend = await openJobBackend({ clientName: 'tidegate-queue', databaseUrl: url, redisUrl, redisPrefix }, log);
  const jobs: readonly TimedJob[] = [
    { name: 'gate-tick', everyMs: Math.max(1, Math.round(config.gateTickSeconds * 1000)), run: () => tickGates(deps) },
    { name: 'retention', everyMs: RETENTION_MS, run: () => forgetOld(deps) },
    { name: 'totals', everyMs: TOTALS_MS, run: () => countTotals(deps) },
  ];
  const nudge = nudgeGates(ids =>
    tickGates(deps, ids).catch((error: unknown) =>
      log.warn({ err: error }, 'gates could not be judged before their tick'),
    ),
  );
  const queue = startTimedQueue(backend, {
    name: QUEUE,
    jobs,
    concurrency: CONCURRENCY,
    work: name => work(deps, jobs, watch, name),
    log,
  });
  const watch = watchSilence(deps, jobs, queue.register);

  const depth = () => within(ANSWER_MS, queue.depth()).catch(() => undefined);
  return {
    backend: queue.kind,
    depth,
    judgeSoon: nudge.judgeSoon,
    reachable: async () => (await depth()) !== undefined,
    close: async () => {
      await watch.close();
      await nudge.close();
      await queue.close();
    },
  };
}

async function work(
  { db, log }: QueueDeps,
  jobs: readonly TimedJob[],
  watch: SilenceWatch,
  name: string,
): Promise<void> {
  const timed = jobs.find(j => j.name === name);
  if (!timed) {
    log.warn({ job: name.slice(0, 64) }, 'a job of another version was passed over');
    return;
  }
  watch.heard(timed.name);
  await noteRun(db, timed.name);
  await timed.run();
}
