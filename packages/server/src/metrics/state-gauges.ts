/**
 * What stands in the database and the queue: read when somebody looks, at most every few seconds, once at a time, and
 * never waited for long. What cannot be read is left out, and a gauge says that it is.
 */
import type { QueueDepth } from '@tidegate/jobs';
import { ROLLOUT_STATES, type RolloutState } from '@tidegate/protocol';
import { Gauge, type Registry } from 'prom-client';
import { countRollouts } from '../admin/status-store.ts';
import type { Clock } from '../clock.ts';
import type { Db } from '../deps.ts';
import type { PublishedRole, PublishedRoles } from '../publication/published-roles.ts';
import type { Queues } from '../queue/queue.ts';
import type { Board } from '../rollout/board.ts';
import { sharedReading } from '../shared-reading.ts';
import { within } from '../within.ts';
import { ROLE_KINDS, roleKind } from './role-kind.ts';

export interface StateDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly board: Pick<Board, 'current'>;
  readonly queue: Pick<Queues, 'depth'>;
  readonly publishedRoles: PublishedRoles;
}

const KEPT_MS = 5000;
const ANSWER_MS = 1500;

interface DatabaseState {
  readonly rollouts: Record<RolloutState, number>;
  readonly roles: readonly PublishedRole[];
}

/** @returns what brings the gauges up to date; it never throws, and takes 1.5 s at most */
export function gaugeState(registry: Registry, { db, clock, board, queue, publishedRoles }: StateDeps) {
  const gauge = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const database = gauge('tidegate_database_reachable', 'Whether the database answers: 1, or 0.');
  const confirmed = gauge('tidegate_rollouts_confirmed', 'Whether offers can be made: the rollouts are confirmed (1).');
  const rollouts = gauge('tidegate_rollouts', 'Rollouts by state.', ['state']);
  const expiry = gauge(
    'tidegate_metadata_expiry_seconds',
    'Time until the first published role of a kind expires; negative: since then.',
    ['role'],
  );
  const queueReachable = gauge('tidegate_queue_reachable', 'Whether the queue answers: 1, or 0.');
  const jobs = gauge('tidegate_queue_jobs', 'Jobs of the timed work by state.', ['state']);

  const readDatabase = sharedReading(
    async (): Promise<DatabaseState> => ({ rollouts: await countRollouts(db), roles: (await publishedRoles()) ?? [] }),
    { clock, keepMs: () => KEPT_MS },
  );
  const readQueue = sharedReading(queue.depth, { clock, keepMs: () => KEPT_MS });

  function showDatabase(state: DatabaseState | undefined): void {
    database.set(state ? 1 : 0);
    rollouts.reset();
    expiry.reset();
    for (const name of state ? ROLLOUT_STATES : []) rollouts.set({ state: name }, state?.rollouts[name] ?? 0);
    const now = clock.now().getTime();
    for (const kind of ROLE_KINDS) {
      const ends = (state?.roles ?? []).filter(r => roleKind(r.role) === kind).map(r => r.expiresAt.getTime());
      if (ends.length > 0) expiry.set({ role: kind }, (Math.min(...ends) - now) / 1000);
    }
  }

  function showQueue(depth: QueueDepth | undefined): void {
    queueReachable.set(depth ? 1 : 0);
    jobs.reset();
    for (const [state, count] of Object.entries(depth ?? {})) jobs.set({ state }, count);
  }

  return async () => {
    const [state, depth] = await Promise.all([orNothing(readDatabase()), orNothing(readQueue())]);
    showDatabase(state);
    showQueue(depth);
    confirmed.set(board.current() ? 1 : 0);
  };
}

function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return within(ANSWER_MS, reading).catch(() => undefined);
}
