/**
 * One tick: judges each rollout that may offer. The row lock makes it safe for any number of processes to tick at
 * once; a rollout that another one is judging is passed over.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Db, Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { judgedRollouts } from './board-store.ts';
import { countsOfRollouts, totalCounts } from './counts-store.ts';
import { storeDecision } from './decision-store.ts';
import { decideGate, type GateInput, type GateVerdict, outcomes, type Survey, surveyCap } from './gate.ts';
import { dueLook } from './looks.ts';
import { expireApprovals } from './rollout-approval.ts';
import { needsApproval, nextPhase } from './rollout-control.ts';
import { findRelease, findRollout, type RolloutRow } from './rollout-store.ts';
import { runningRollout } from './running-rollout.ts';
import { markSilent } from './silence.ts';
import { surveyRollout } from './survey.ts';

export interface TickDeps extends Deps {
  readonly pace: Pick<FleetPace, 'intervalSeconds'>;
}

/** A fault with one rollout is logged and keeps none of the others waiting. @param only all where absent */
export async function tickGates(deps: TickDeps, only?: ReadonlySet<string>): Promise<void> {
  const judged = await judgedRollouts(deps.db);
  for (const id of judged) {
    if (only && !only.has(id)) continue;
    try {
      await judge(deps, id);
    } catch (error) {
      deps.log.error({ err: error, rolloutId: id }, 'a gate could not be judged');
    }
  }
  if (!only) await expireApprovals(deps.db, deps.clock.now());
}

/** The survey may read through a large fleet, so it comes before the lock: a stop must never wait for it. */
async function judge(deps: TickDeps, rolloutId: string): Promise<void> {
  const now = deps.clock.now();
  const seen = await findRollout(deps.db, rolloutId);
  if (!seen) return;
  const survey = await surveyOf(deps, seen, now);
  const stored = await deps.db.transaction().execute(async tx => {
    const row = await lockUnchanged(tx, seen);
    if (!row) return undefined;
    await markSilent(tx, row.id, new Date(now.getTime() - row.gate.silenceSeconds * 1000), now);
    const input = await gateInput(tx, row, survey, now);
    const verdict = decideGate(input);
    await rememberLooks(tx, row, input);
    await apply(tx, row, verdict, now);
    if (row.state !== 'running' && verdict.action === 'hold') return undefined;
    return (await storeDecision(tx, row.id, row.open_phase, verdict, input.phase, now)) ? verdict : undefined;
  });
  if (stored) deps.log.info({ rolloutId, phase: seen.open_phase, ...stored }, 'the gate decided');
}

/** The row, unless another one judges it now or has moved it on. Not a full lock: offers being written refer to it. */
function lockUnchanged(tx: Transaction<Database>, seen: RolloutRow): Promise<RolloutRow | undefined> {
  return tx
    .selectFrom('rollouts')
    .selectAll()
    .where('id', '=', seen.id)
    .where('state', '=', seen.state)
    .where('open_phase', '=', seen.open_phase)
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
}

async function surveyOf({ db, pace }: TickDeps, row: RolloutRow, now: Date): Promise<Survey> {
  // A completed or paused rollout has no end to wait for.
  if (row.state !== 'running') return { waitingInPhase: 1, waiting: 1, moreBeyond: true, complete: true };
  const counts = (await countsOfRollouts(db, [row.id])).get(row.id) ?? new Map();
  const rollout = runningRollout(row);
  const { openDevices } = rollout;
  return surveyRollout(db, {
    rollout,
    openedAt: rollout.openedAt,
    ...(openDevices !== undefined && { placesLeft: Math.max(0, openDevices - totalCounts(counts).offered) }),
    silenceSeconds: row.gate.silenceSeconds,
    pollSeconds: pace.intervalSeconds(),
    outcomes: outcomes(counts.get(row.open_phase) ?? NO_COUNTS),
    cap: surveyCap(row.gate),
    now,
  });
}

async function gateInput(db: Db, row: RolloutRow, survey: Survey, now: Date): Promise<GateInput> {
  const counts = (await countsOfRollouts(db, [row.id])).get(row.id) ?? new Map();
  const release = await findRelease(db, row.target);
  return {
    gate: row.gate,
    state: row.state,
    class: row.class,
    withdrawn: release?.withdrawn_at !== null,
    isLastPhase: row.open_phase === row.phases.length - 1,
    needsApproval: needsApproval(row),
    phase: counts.get(row.open_phase) ?? NO_COUNTS,
    total: totalCounts(counts),
    looked: { phase: row.looked_phase, total: row.looked_total },
    survey,
    openedAt: runningRollout(row).openedAt,
    now,
  };
}

async function rememberLooks(tx: Transaction<Database>, row: RolloutRow, { phase, total, looked }: GateInput) {
  const lookedPhase = dueLook(looked.phase, outcomes(phase)) ?? looked.phase;
  const lookedTotal = dueLook(looked.total, outcomes(total)) ?? looked.total;
  if (lookedPhase === looked.phase && lookedTotal === looked.total) return;
  await tx
    .updateTable('rollouts')
    .set({ looked_phase: lookedPhase, looked_total: lookedTotal })
    .where('id', '=', row.id)
    .execute();
}

async function apply(tx: Transaction<Database>, row: RolloutRow, verdict: GateVerdict, now: Date): Promise<void> {
  const change = changeOf(row, verdict, now);
  if (change) await tx.updateTable('rollouts').set(change).where('id', '=', row.id).execute();
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
