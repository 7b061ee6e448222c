/**
 * One tick: judges each rollout that may offer. The row lock makes it safe for any number of processes to tick at
 * once; a rollout that another one is judging is passed over. Where a judgement would write nothing, nothing is locked.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { judgedRollouts } from './board-store.ts';
import { totalCounts } from './counts-store.ts';
import { storeDecision } from './decision-store.ts';
import { type GateVerdict, needsSurvey, NOT_SURVEYED, outcomes, type Survey, surveyCap } from './gate.ts';
import { gateInput, type Judgement, judgement, type Situation, situationsOf } from './gate-situation.ts';
import { expireApprovals } from './rollout-approval.ts';
import type { RolloutRow } from './rollout-store.ts';
import { runningRollout } from './running-rollout.ts';
import { markSilent, silentSince } from './silence.ts';
import { surveyRollout } from './survey.ts';

export interface TickDeps extends Deps {
  readonly pace: Pick<FleetPace, 'intervalSeconds'>;
}

/** A fault with one rollout is logged and keeps none of the others waiting. @param only all where absent */
export async function tickGates(deps: TickDeps, only?: ReadonlySet<string>): Promise<void> {
  const judged = (await judgedRollouts(deps.db)).filter(row => !only || only.has(row.id));
  for (const situation of await situationsOf(deps.db, judged, deps.clock.now())) {
    try {
      await judge(deps, situation);
    } catch (error) {
      deps.log.error({ err: error, rolloutId: situation.row.id }, 'a gate could not be judged');
    }
  }
  if (!only) await expireApprovals(deps.db, deps.clock.now());
}

/** The survey may read through a large fleet, so it comes before the lock: a stop must never wait for it. */
async function judge(deps: TickDeps, seen: Situation): Promise<void> {
  const now = deps.clock.now();
  const survey = needsSurvey(gateInput(seen, now)) ? await surveyOf(deps, seen, now) : NOT_SURVEYED;
  if (!seen.hasSilent && !hasEffect(judgement(seen, survey, now))) return;
  const stored = await deps.db.transaction().execute(async tx => {
    const row = await lockUnchanged(tx, seen.row);
    if (!row) return undefined;
    await markSilent(tx, row.id, silentSince(row, now), now);
    const [situation] = await situationsOf(tx, [row], now);
    return situation && (await write(tx, situation, survey, now));
  });
  if (stored) deps.log.info({ rolloutId: seen.row.id, phase: seen.row.open_phase, ...stored }, 'the gate decided');
}

function hasEffect({ changes, isNews }: Judgement): boolean {
  return isNews || Object.keys(changes).length > 0;
}

/** @returns the verdict where it is news */
async function write(
  tx: Transaction<Database>,
  situation: Situation,
  survey: Survey,
  now: Date,
): Promise<GateVerdict | undefined> {
  const { row, counts } = situation;
  const { verdict, changes, isNews } = judgement(situation, survey, now);
  if (Object.keys(changes).length > 0) {
    await tx.updateTable('rollouts').set(changes).where('id', '=', row.id).execute();
  }
  if (!isNews) return undefined;
  await storeDecision(tx, row, verdict, counts.get(row.open_phase) ?? NO_COUNTS, now);
  return verdict;
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

async function surveyOf({ db, pace }: TickDeps, { row, counts }: Situation, now: Date): Promise<Survey> {
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
