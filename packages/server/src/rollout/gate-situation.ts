/**
 * What the gates of rollouts are judged on, read for all of them at once: a tick must cost little where nothing happened.
 * Never says who is still due: that is the survey's.
 */
import type { RolloutState } from '@tidegate/protocol';
import type { Updateable } from 'kysely';
import type { RolloutsTable } from '../db/rollout-tables.ts';
import type { Db } from '../deps.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { withdrawnTargets } from './board-store.ts';
import { type CountsByPhase, countsOfRollouts, totalCounts } from './counts-store.ts';
import { isNews, type LastDecision, lastDecisions } from './decision-store.ts';
import { deafSeconds, type Moment } from './deaf-spell.ts';
import { type GateInput, type GateVerdict, lookOf } from './gate.ts';
import { needsApproval, nextPhase } from './rollout-control.ts';
import type { RolloutRow } from './rollout-store.ts';
import { openedAt } from './running-rollout.ts';
import { silentRollouts } from './silence.ts';

export interface Situation {
  readonly row: RolloutRow;
  readonly counts: CountsByPhase;
  readonly withdrawn: boolean;
  /** Some of its devices began and were not heard of for too long: they are to be counted as failed first. */
  readonly hasSilent: boolean;
  readonly last: LastDecision | undefined;
}

export async function situationsOf(db: Db, rows: readonly RolloutRow[], moment: Moment): Promise<Situation[]> {
  const ids = rows.map(r => r.id);
  const targets = rows.map(r => r.target);
  const counts = await countsOfRollouts(db, ids);
  const withdrawn = await withdrawnTargets(db, targets);
  const silent = await silentRollouts(db, rows, moment);
  const last = await lastDecisions(db, ids);
  return rows.map(row => ({
    row,
    counts: counts.get(row.id) ?? new Map(),
    withdrawn: withdrawn.has(row.target),
    hasSilent: silent.has(row.id),
    last: last.get(row.id),
  }));
}

export function gateInput({ row, counts, withdrawn }: Situation, { now, deaf }: Moment): Omit<GateInput, 'survey'> {
  const opened = openedAt(row);
  return {
    gate: row.gate,
    state: row.state,
    class: row.class,
    withdrawn,
    phases: { open: row.open_phase, count: row.phases.length },
    needsApproval: needsApproval(row),
    phase: counts.get(row.open_phase) ?? NO_COUNTS,
    total: totalCounts(counts),
    looked: { phase: row.looked_phase, total: row.looked_total },
    openedAt: opened,
    deafSeconds: deafSeconds(opened, now, deaf),
    now,
  };
}

/** What a verdict writes. */
export interface Effect {
  /** Columns of the rollout that change. */
  readonly changes: Updateable<RolloutsTable>;
  /** The verdict is to be told in the rollout's history. */
  readonly isNews: boolean;
}

/** Pure. */
export function effectOf({ row, last }: Situation, input: GateInput, verdict: GateVerdict): Effect {
  return {
    changes: { ...looks(input), ...changeOf(row, verdict, input.now) },
    isNews: isTold(row.state, verdict) && isNews(last, row.open_phase, verdict),
  };
}

/** That one which rests holds says nothing. */
function isTold(state: RolloutState, { action }: GateVerdict): boolean {
  return state === 'running' || action !== 'hold';
}

function looks(input: GateInput) {
  const { looked } = input;
  const lookedPhase = lookOf(input, 'phase') ?? looked.phase;
  const lookedTotal = lookOf(input, 'total') ?? looked.total;
  if (lookedPhase === looked.phase && lookedTotal === looked.total) return undefined;
  return { looked_phase: lookedPhase, looked_total: lookedTotal };
}

function changeOf(row: RolloutRow, { action, kind }: GateVerdict, now: Date) {
  switch (action) {
    case 'advance':
      return nextPhase(row, now);
    case 'halt':
      return { state: 'halted' as const, ended_at: now };
    case 'complete':
      return { state: 'completed' as const, ended_at: now };
    case 'hold':
      return kind === 'approval' && row.approval_asked_at === null ? { approval_asked_at: now } : undefined;
  }
}
