/**
 * Reports in the database: one transaction a batch, durable before it is acknowledged. A report counts once however
 * often it comes; attempts only move forward; the counters rise by exactly what changed. Stored by the day on which they
 * came (`partition-store.ts`).
 */
import type { CodeWeights, Report } from '@tidegate/protocol';
import { sql, type Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { storable } from '../db/storable.ts';
import { addToCounts, type CountsByPhase } from '../rollout/counts-store.ts';
import { type AttemptState, addCounts, countsChange, NO_COUNTS, transition } from './transition.ts';

export interface StoredReports {
  /** Ids that are durable now, new or seen before. */
  readonly acknowledged: string[];
  /** Those that were not known before. */
  readonly fresh: readonly Report[];
  /** Some attempt of the device moved. */
  readonly attemptsChanged: boolean;
}

export function storeReports(db: Db, deviceId: string, reports: readonly Report[], now: Date): Promise<StoredReports> {
  return db.transaction().execute(async tx => {
    const fresh = await insertNew(tx, deviceId, reports, now);
    const changes = await moveAttempts(tx, deviceId, fresh, now);
    // Last, and in a fixed order: these rows are shared by all devices, so they are held as short as can be.
    for (const [rolloutId, byPhase] of [...changes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      await addToCounts(tx, rolloutId, byPhase);
    }
    return { acknowledged: [...new Set(reports.map(r => r.id))], fresh, attemptsChanged: changes.size > 0 };
  });
}

/**
 * A report that was sent again within so many days is known again. Older days need not be asked: a device sends again
 * until it is acknowledged, and what an attempt has made of a report stays whatever comes twice.
 */
const KNOWN_AGAIN_DAYS = 7;
const DAY_MS = 86_400_000;

/** The reports that were not known yet, in the order in which they came. */
async function insertNew(tx: Transaction<Database>, deviceId: string, reports: readonly Report[], now: Date) {
  const knownSince = new Date(now.getTime() - KNOWN_AGAIN_DAYS * DAY_MS);
  const byId = new Map(reports.toReversed().map(r => [r.id, r]));
  // PostgreSQL sorts what it looks up, once for each day, and writes the faster what stands in order.
  const once = [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const of = <T>(read: (r: Report) => T) => once.map(read);
  const { rows } = await sql<{ id: string }>`/* plan: store-reports */
    select store_new_reports(
      ${deviceId}, ${now}, ${knownSince},
      ${of(r => r.id)}, ${of(r => r.rolloutId)}, ${of(r => r.attempt)}, ${of(r => textOrNone(r.target))},
      ${of(r => r.state)}, ${of(r => r.code)}, ${of(r => textOrNone(r.detail))}, ${of(r => r.sha256)},
      ${of(r => r.sources)}, ${of(r => deviceTime(r.at, now))}
    ) as id`.execute(tx);
  const stored = new Set(rows.map(r => r.id));
  return reports.filter(r => byId.get(r.id) === r && stored.has(r.id));
}

function textOrNone(text: string | undefined): string | undefined {
  return text === undefined ? undefined : storable(text);
}

/**
 * The device's clock as it says, from 1970, where clocks begin, up to now: nothing is told before it happened. Neither a
 * date that does not exist nor a clock that is off may keep the report out: the device would send it for ever.
 */
function deviceTime(at: string, now: Date): Date {
  const time = new Date(at);
  return time <= now ? new Date(Math.max(0, time.getTime())) : now;
}

type Changes = Map<string, CountsByPhase>;

async function moveAttempts(
  tx: Transaction<Database>,
  deviceId: string,
  reports: readonly Report[],
  now: Date,
): Promise<Changes> {
  const changes: Changes = new Map();
  const rolloutIds = [...new Set(reports.flatMap(r => r.rolloutId ?? []))];
  if (rolloutIds.length === 0) return changes;
  const attempts = await lockAttempts(tx, deviceId, rolloutIds);

  for (const found of attempts) {
    let after: AttemptState = found;
    for (const report of reports) {
      if (report.rolloutId !== found.rollout_id || (report.attempt ?? 1) !== found.attempt) continue;
      const proven = report.counter === found.counter && report.sha256 === found.sha256;
      after = transition(after, { ...report, proven }, found.weights ?? undefined) ?? after;
    }
    if (after === found) continue;
    await sql`/* plan: move-attempt */
      update attempts set state = ${after.state}, code = ${after.code}, begun = ${after.begun},
        outcome = ${after.outcome}, changed_at = ${now}
      where rollout_id = ${found.rollout_id} and device_id = ${deviceId} and attempt = ${found.attempt}`.execute(tx);
    const byPhase = changes.get(found.rollout_id) ?? new Map();
    byPhase.set(found.phase, addCounts(byPhase.get(found.phase) ?? NO_COUNTS, countsChange(found, after)));
    changes.set(found.rollout_id, byPhase);
  }
  return changes;
}

interface LockedAttempt extends AttemptState {
  readonly rollout_id: string;
  readonly attempt: number;
  readonly phase: number;
  /** Of the release. */
  readonly counter: number;
  readonly sha256: string;
  /** Of the rollout's gate; null: as is usual. */
  readonly weights: CodeWeights | null;
}

async function lockAttempts(
  tx: Transaction<Database>,
  deviceId: string,
  rolloutIds: readonly string[],
): Promise<LockedAttempt[]> {
  // Whether it is superseded is read again once the row's lock is had: a retry that came in between has taken the attempt
  // out of the counts.
  const { rows } = await sql<LockedAttempt>`/* plan: lock-attempts */
    select rollout_id, attempt, phase, attempts.state, code, begun, outcome, counter, sha256, gate -> 'weights' as weights
    from attempts join rollouts on rollouts.id = rollout_id
    where device_id = ${deviceId} and rollout_id = any(${rolloutIds}::text[]) and not superseded
    order by rollout_id, attempt for update of attempts`.execute(tx);
  return rows;
}
