/**
 * One tick: judges each rollout that may offer. The row lock makes it safe for any number of processes to tick at
 * once; a rollout that another one is judging is passed over. Where a judgement would write nothing, nothing is locked.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Db, Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import { NO_COUNTS } from '../reports/transition.ts';
import { judgedRollouts } from './board-store.ts';
import { totalCounts } from './counts-store.ts';
import { storeDecision } from './decision-store.ts';
import { heardSince, type Moment } from './deaf-spell.ts';
import { REWRITE_SECONDS } from './device-memory.ts';
import {
  decideGate,
  type GateInput,
  type GateVerdict,
  hold,
  needsSurvey,
  NOT_SURVEYED,
  outcomes,
  type Survey,
  surveyCap,
} from './gate.ts';
import { type Effect, effectOf, gateInput, type Situation, situationsOf } from './gate-situation.ts';
import { noteHearing } from './hearing-store.ts';
import { whyMissing } from './missing.ts';
import { othersHeard, verifiedHeard } from './missing-store.ts';
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
  const now = deps.clock.now();
  const moment = { now, deaf: await noteHearing(deps.db, now, deps.pace.intervalSeconds()) };
  const judged = (await judgedRollouts(deps.db)).filter(row => !only || only.has(row.id));
  for (const situation of await situationsOf(deps.db, judged, moment)) {
    try {
      await judge(deps, situation, { ...moment, now: deps.clock.now() });
    } catch (error) {
      deps.log.error({ err: error, rolloutId: situation.row.id }, 'a gate could not be judged');
    }
  }
  if (!only) await expireApprovals(deps.db, deps.clock.now());
}

/** The survey may read through a large fleet, so it comes before the lock: a stop must never wait for it. */
async function judge(deps: TickDeps, seen: Situation, moment: Moment): Promise<void> {
  const asked = gateInput(seen, moment);
  const survey = needsSurvey(asked) ? await surveyOf(deps, seen, moment) : NOT_SURVEYED;
  const input = { ...asked, survey };
  if (!seen.hasSilent && !hasEffect(effectOf(seen, input, decideGate(input)))) return;
  const stored = await deps.db.transaction().execute(async tx => {
    const row = await lockUnchanged(tx, seen.row);
    if (!row) return undefined;
    await markSilent(tx, row.id, silentSince(row, moment), moment.now);
    const [situation] = await situationsOf(tx, [row], moment);
    if (!situation) return undefined;
    const judged = { ...gateInput(situation, moment), survey };
    const verdict = await unlessMissing(tx, deps, row, judged, moment, decideGate(judged));
    return (await write(tx, situation, judged, verdict)) ? verdict : undefined;
  });
  if (stored) deps.log.info({ rolloutId: seen.row.id, phase: seen.row.open_phase, ...stored }, 'the gate decided');
}

function hasEffect({ changes, isNews }: Effect): boolean {
  return isNews || Object.keys(changes).length > 0;
}

/** @returns whether the verdict is news */
async function write(
  tx: Transaction<Database>,
  situation: Situation,
  input: GateInput,
  verdict: GateVerdict,
): Promise<boolean> {
  const { row } = situation;
  const { changes, isNews } = effectOf(situation, input, verdict);
  if (Object.keys(changes).length > 0) {
    await tx.updateTable('rollouts').set(changes).where('id', '=', row.id).execute();
  }
  if (isNews) await storeDecision(tx, row, verdict, input.phase, input.now);
  return isNews;
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

async function surveyOf({ db, pace }: TickDeps, { row, counts }: Situation, moment: Moment): Promise<Survey> {
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
    ...moment,
  });
}

/** Devices that verified and died since speak by their silence alone: asked where all else says that the next phase may open. */
async function unlessMissing(
  tx: Db,
  { pace }: TickDeps,
  row: RolloutRow,
  { openedAt }: GateInput,
  { now, deaf }: Moment,
  verdict: GateVerdict,
): Promise<GateVerdict> {
  if (verdict.action !== 'advance' || verdict.kind !== 'proven') return verdict;
  const since = heardSince(now, 2 * pace.intervalSeconds() + REWRITE_SECONDS, deaf);
  const verified = await verifiedHeard(tx, row, since);
  if (verified.missing < row.gate.minFailures) return verdict;
  const reason = whyMissing(row.gate, verified, await othersHeard(tx, row, openedAt, since));
  return reason === undefined ? verdict : hold('missing', reason);
}
