/**
 * One tick: judges each rollout that may offer. The row lock makes it safe for any number of processes to tick at
 * once; a rollout that another one is judging is passed over.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Deps } from '../deps.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { countsOfRollouts, totalCounts } from './counts-store.ts';
import { storeDecision } from './decision-store.ts';
import { decideGate, type GateInput, type GateVerdict, outcomes, surveyCap } from './gate.ts';
import { dueLook } from './looks.ts';
import type { RolloutConfig } from './rollout-config.ts';
import type { RolloutRow } from './rollout-store.ts';
import { runningRollout } from './running-rollout.ts';
import { markSilent } from './silence.ts';
import { surveyRollout } from './survey.ts';

export interface TickDeps extends Deps {
  readonly config: Pick<RolloutConfig, 'pollSeconds'>;
}

/** A fault with one rollout is logged and keeps none of the others waiting. */
export async function tickGates(deps: TickDeps): Promise<void> {
  const open = await deps.db
    .selectFrom('rollouts')
    .select('id')
    .where('state', 'in', ['running', 'completed'])
    .execute();
  for (const { id } of open) {
    try {
      await deps.db.transaction().execute(tx => judge({ ...deps, db: tx }, tx, id));
    } catch (error) {
      deps.log.error({ err: error, rolloutId: id }, 'a gate could not be judged');
    }
  }
}

async function judge(deps: TickDeps, tx: Transaction<Database>, rolloutId: string): Promise<void> {
  const now = deps.clock.now();
  // Not a full lock: offers refer to this row while they are written.
  const row = await tx
    .selectFrom('rollouts')
    .selectAll()
    .where('id', '=', rolloutId)
    .where('state', 'in', ['running', 'completed'])
    .forNoKeyUpdate()
    .skipLocked()
    .executeTakeFirst();
  if (!row) return;
  await markSilent(tx, row.id, new Date(now.getTime() - row.gate.silenceSeconds * 1000), now);
  const input = await gateInput(deps, row, now);
  const verdict = decideGate(input);
  await rememberLooks(tx, row, input);
  await apply(tx, row, verdict, now);
  const resting = row.state === 'completed' && verdict.action === 'hold';
  if (resting || !(await storeDecision(tx, row.id, row.open_phase, verdict, input.phase, now))) return;
  deps.log.info({ rolloutId: row.id, phase: row.open_phase, ...verdict }, 'the gate decided');
}

async function gateInput({ db, config }: TickDeps, row: RolloutRow, now: Date): Promise<GateInput> {
  const counts = (await countsOfRollouts(db, [row.id])).get(row.id) ?? new Map();
  const phase = counts.get(row.open_phase) ?? NO_COUNTS;
  const openedAt = row.not_before > row.phase_opened_at ? row.not_before : row.phase_opened_at;
  const release = await db
    .selectFrom('releases')
    .select('withdrawn_at')
    .where('target', '=', row.target)
    .executeTakeFirst();
  return {
    gate: row.gate,
    state: row.state,
    class: row.class,
    withdrawn: release?.withdrawn_at !== null,
    isLastPhase: row.open_phase === row.phases.length - 1,
    phase,
    total: totalCounts(counts),
    looked: { phase: row.looked_phase, total: row.looked_total },
    survey:
      row.state === 'completed'
        ? { waitingInPhase: 1, waiting: 1, moreBeyond: true } // It has no end to wait for.
        : await surveyRollout(db, {
            rollout: runningRollout(row),
            openedAt,
            silenceSeconds: row.gate.silenceSeconds,
            pollSeconds: config.pollSeconds,
            outcomes: outcomes(phase),
            cap: surveyCap(row.gate),
            now,
          }),
    openedAt,
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

function changeOf(row: RolloutRow, { action }: GateVerdict, now: Date) {
  switch (action) {
    case 'advance':
      return { open_phase: row.open_phase + 1, phase_opened_at: now, looked_phase: 0 };
    case 'halt':
      return { state: 'halted' as const, ended_at: now };
    case 'complete':
      return { state: 'completed' as const, ended_at: now };
    case 'hold':
      return undefined;
  }
}
