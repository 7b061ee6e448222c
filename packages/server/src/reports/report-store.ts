/**
 * Reports in the database: one transaction a batch, durable before it is acknowledged. A report counts once however
 * often it comes; attempts only move forward; the counters rise by exactly what changed.
 */
import type { Report } from '@tidegate/protocol';
import type { Transaction } from 'kysely';
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

/** The reports that were not known yet, in the order in which they came. */
async function insertNew(tx: Transaction<Database>, deviceId: string, reports: readonly Report[], now: Date) {
  const rows = reports
    .map(r => ({
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
    }))
    // One order for all: two copies of a batch under way at once then wait for each other instead of locking up.
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const inserted = await tx
    .insertInto('reports')
    .values(rows)
    .onConflict(c => c.columns(['device_id', 'id']).doNothing())
    .returning('id')
    .execute();
  const left = new Set(inserted.map(r => r.id));
  return reports.filter(r => left.delete(r.id));
}

/** The device's clock as it says; a date that does not exist must not keep the report out. */
function deviceTime(at: string, now: Date): Date {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? now : time;
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
