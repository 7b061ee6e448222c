/**
 * Reports in the database: one transaction a batch, durable before it is acknowledged. A report counts once however
 * often it comes; attempts only move forward; the counters rise by exactly what changed. Stored by the day on which they
 * came (`partition-store.ts`).
 */
import type { Report } from '@tidegate/protocol';
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
/** With the device: one batch of a device at a time, whichever process has it. */
const LOCK = 0x71de;

/** The reports that were not known yet, in the order in which they came. */
async function insertNew(tx: Transaction<Database>, deviceId: string, reports: readonly Report[], now: Date) {
  // The days have no key in common that would refuse a report twice; the second of two copies at once waits here.
  await sql`select pg_advisory_xact_lock(${LOCK}::int, hashtext(${deviceId}))`.execute(tx);
  const byId = new Map(reports.toReversed().map(r => [r.id, r]));
  const found = await tx
    .selectFrom('reports')
    .select('id')
    .where('device_id', '=', deviceId)
    .where('id', '=', sql<string>`any(${[...byId.keys()]}::text[])`)
    .where('received_at', '>', new Date(now.getTime() - KNOWN_AGAIN_DAYS * DAY_MS))
    .execute();
  const known = new Set(found.map(r => r.id));
  const fresh = reports.filter(r => byId.get(r.id) === r && !known.has(r.id));
  if (fresh.length === 0) return fresh;
  await tx
    .insertInto('reports')
    .values(
      fresh.map(r => ({
        device_id: deviceId,
        id: r.id,
        rollout_id: r.rolloutId ?? null,
        attempt: r.attempt ?? null,
        target: r.target === undefined ? null : storable(r.target),
        state: r.state,
        code: r.code ?? null,
        detail: r.detail === undefined ? null : storable(r.detail),
        sha256: r.sha256 ?? null,
        sources: r.sources ?? null,
        device_time: deviceTime(r.at, now),
        received_at: now,
      })),
    )
    .execute();
  return fresh;
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
  const attempts = await tx
    .selectFrom('attempts')
    .innerJoin('rollouts', 'rollouts.id', 'attempts.rollout_id')
    .select(['rollout_id', 'attempt', 'phase', 'attempts.state', 'code', 'begun', 'outcome', 'counter', 'sha256'])
    .where('device_id', '=', deviceId)
    .where('rollout_id', 'in', rolloutIds)
    // Read again once the row's lock is had: a retry that came in between has taken the attempt out of the counts.
    .where('superseded', '=', false)
    .orderBy('rollout_id')
    .orderBy('attempt')
    .forUpdate('attempts')
    .execute();

  for (const found of attempts) {
    let after: AttemptState = found;
    for (const report of reports) {
      if (report.rolloutId !== found.rollout_id || (report.attempt ?? 1) !== found.attempt) continue;
      const proven = report.counter === found.counter && report.sha256 === found.sha256;
      after = transition(after, { ...report, proven }) ?? after;
    }
    if (after === found) continue;
    await tx
      .updateTable('attempts')
      .set({ state: after.state, code: after.code, begun: after.begun, outcome: after.outcome, changed_at: now })
      .where('rollout_id', '=', found.rollout_id)
      .where('device_id', '=', deviceId)
      .where('attempt', '=', found.attempt)
      .execute();
    const byPhase = changes.get(found.rollout_id) ?? new Map();
    byPhase.set(found.phase, addCounts(byPhase.get(found.phase) ?? NO_COUNTS, countsChange(found, after)));
    changes.set(found.rollout_id, byPhase);
  }
  return changes;
}
