/** A rollout as the admin API shows it: its row, its counters in all, and what its gate decided. */
import type { GateDecision, RolloutView } from '@tidegate/protocol';
import type { Db } from '../deps.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { type CountsByPhase, countsOfRollouts, totalCounts } from './counts-store.ts';
import { decisionsOf } from './decision-store.ts';
import { ServerError } from '../server-error.ts';
import { pendingApproval } from './rollout-approval.ts';
import type { RolloutRow } from './rollout-store.ts';
import { type SelfOfferView, selfOfferTimes, selfOfferView } from './self-offer.ts';
import { totalsOf } from './total-store.ts';

/** @throws ServerError `not-found` where there is no row */
export async function rolloutView(db: Db, row: RolloutRow | undefined): Promise<RolloutView> {
  const [view] = row ? await rolloutViews(db, [row]) : [];
  if (!view) throw new ServerError('not-found', 'there is no such rollout');
  return view;
}

export async function rolloutViews(db: Db, rows: readonly RolloutRow[]): Promise<RolloutView[]> {
  const ids = rows.map(r => r.id);
  const [counts, decisions] = [await countsOfRollouts(db, ids), await decisionsOf(db, ids)];
  const totals = await totalsOf(db, ids);
  const selfOffers = await selfOfferTimes(
    db,
    rows.map(r => r.target),
  );
  return rows.map(row => ({
    ...viewOf(row, counts.get(row.id) ?? new Map(), decisions.get(row.id) ?? []),
    total: totals.get(row.id) ?? null,
    ...selfOfferView(row.state, selfOffers.get(row.target)),
  }));
}

function viewOf(
  row: RolloutRow,
  counts: CountsByPhase,
  decisions: GateDecision[],
): Omit<RolloutView, 'total' | keyof SelfOfferView> {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    target: row.target,
    product: row.product,
    channel: row.channel,
    component: row.component,
    version: row.version,
    counter: row.counter,
    class: row.class,
    filter: row.filter,
    exclude: row.exclude,
    salt: row.salt,
    phases: row.phases,
    openPhase: row.open_phase,
    gate: row.gate,
    pace: row.pace,
    window: row.install_window,
    urgent: row.urgent,
    notBefore: row.not_before.toISOString(),
    counts: totalCounts(counts),
    phaseCounts: row.phases.map((_, phase) => counts.get(phase) ?? NO_COUNTS),
    decisions,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by_name,
    approval: pendingApproval(row) ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
