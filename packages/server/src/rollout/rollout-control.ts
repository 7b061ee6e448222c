/**
 * What an operator does to a rollout on its way: pause, resume, stop, move its start, open its next phase. Each may
 * be asked again without harm; each is one transaction under the row's lock, so that of several at once each sees
 * what the others made of it.
 */
import type { OperatorAction, RolloutAdvanceRequest, RolloutState } from '@tidegate/protocol';
import type { Updateable } from 'kysely';
import type { RolloutsTable } from '../db/rollout-tables.ts';
import type { Db } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { storeAct } from './decision-store.ts';
import { lockComponent, refuseConflict } from './rollout-conflict.ts';
import { findRelease, findRollout, type RolloutRow } from './rollout-store.ts';

export interface Act {
  /** The operator's name, for the rollout's history. */
  readonly by: string;
  readonly now: Date;
}

/** Nobody begins; devices at work go on. Undefined where there is no such rollout. */
export function pauseRollout(db: Db, id: string, act: Act): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.state === 'paused') return row;
    if (row.state !== 'running') throw refused(row.state, 'only one that runs can be paused');
    return record(tx, row, 'pause', { state: 'paused', rested_at: act.now }, act);
  });
}

/** Stops what may still offer; one that has ended otherwise stays as it is. */
export function stopRollout(db: Db, id: string, act: Act): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.state === 'stopped' || row.state === 'halted' || row.state === 'cancelled') return row;
    if (row.state === 'awaiting-approval') return record(tx, row, 'stop', cancelled(act.now), act);
    const rested_at = row.rested_at ?? act.now;
    return record(tx, row, 'stop', { state: 'stopped', ended_at: act.now, rested_at }, act);
  });
}

/** Lets one that was paused or stopped go on where it was. Devices that ended by a stop come back only by a retry. */
export function resumeRollout(db: Db, id: string, act: Act): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.state === 'running') return row;
    if (row.state === 'halted') throw refused('halted', 'retry its failed devices, or follow it with a new rollout');
    if (row.state === 'completed') throw refused('completed', 'there is nothing to resume');
    if (row.state === 'awaiting-approval') throw refused(row.state, 'another person begins it by approving it');
    if (row.state === 'cancelled') throw refused('cancelled', 'create another one');
    await refuseReopening(tx, row);
    if (row.state === 'stopped') await breakSilence(tx, id, act.now);
    return record(tx, row, 'resume', { ...reopened, phase_opened_at: soakedSince(row, act.now) }, act);
  });
}

const MOVABLE: readonly RolloutState[] = ['awaiting-approval', 'running', 'paused'];

/** Another start for one that has not begun. Nobody was offered it, and nobody is before the new time. */
export function rescheduleRollout(db: Db, id: string, notBefore: Date, act: Act): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.not_before.getTime() === notBefore.getTime()) return row;
    if (!MOVABLE.includes(row.state)) throw refused(row.state, 'it does not begin again');
    if (row.not_before <= act.now) throw refused(row.state, 'it has begun; pause it instead');
    const told = { ...act, by: `${act.by} to begin at ${notBefore.toISOString()}` };
    return record(tx, row, 'reschedule', { not_before: notBefore }, told);
  });
}

/**
 * Opens the next phase before the gate would. The gate goes on watching, and still halts.
 * @param phase index of the one to open; a phase that is open already stays so
 */
export function advanceRollout(
  db: Db,
  id: string,
  { phase, reason }: RolloutAdvanceRequest,
  act: Act,
): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (phase <= row.open_phase) return row;
    if (row.state !== 'running') throw refused(row.state, 'only one that runs opens a phase');
    if (row.not_before > act.now) throw refused(row.state, 'it has not begun; move its start instead');
    if (phase >= row.phases.length) throw refused(row.state, 'its last phase is open');
    if (phase > row.open_phase + 1) throw refused(row.state, `phase ${row.open_phase + 2} comes first`);
    if (needsApproval(row)) throw refused(row.state, `phase ${phase + 1} opens by another person's approval`);
    return record(tx, row, 'open', nextPhase(row, act.now), { ...act, by: `${act.by}: ${reason}` });
  });
}

/** The columns of a rollout whose next phase opens. */
export function nextPhase(row: Pick<RolloutRow, 'open_phase'>, now: Date) {
  return { open_phase: row.open_phase + 1, phase_opened_at: now, looked_phase: 0, approval_asked_at: null };
}

/** The next phase waits for another person's word. */
export function needsApproval(row: Pick<RolloutRow, 'phases' | 'open_phase' | 'approved_phase'>): boolean {
  return row.phases[row.open_phase + 1]?.approval === true && (row.approved_phase ?? 0) <= row.open_phase;
}

/** The columns of one that was never approved, and never begins. */
export function cancelled(now: Date) {
  return { state: 'cancelled', ended_at: now, rested_at: now, approval_asked_at: null } as const;
}

/** The columns of a rollout that runs again. */
export const reopened = { state: 'running', ended_at: null, rested_at: null, approval_asked_at: null } as const;

/** @throws ServerError where the release was withdrawn, or another rollout has taken its place */
export async function refuseReopening(tx: Db, row: RolloutRow): Promise<void> {
  const release = await findRelease(tx, row.target);
  if (!release || release.withdrawn_at) {
    throw new ServerError('release-unknown', `«${row.target}» was withdrawn: its rollout cannot go on`);
  }
  await refuseConflict(tx, row);
}

/** Runs an act with the rollout locked, and with it the place of its component. */
export async function change<T>(
  db: Db,
  id: string,
  act: (tx: Db, row: RolloutRow) => Promise<T>,
): Promise<T | undefined> {
  const known = await findRollout(db, id);
  if (!known) return undefined;
  return db.transaction().execute(async tx => {
    await lockComponent(tx, known);
    const row = await tx.selectFrom('rollouts').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
    return row && act(tx, row);
  });
}

/** Writes the change and its line of the history. */
export async function record(
  tx: Db,
  row: RolloutRow,
  action: OperatorAction,
  columns: Updateable<RolloutsTable>,
  { by, now }: Act,
): Promise<RolloutRow> {
  await storeAct(tx, row, action, by, now);
  return tx.updateTable('rollouts').set(columns).where('id', '=', row.id).returningAll().executeTakeFirstOrThrow();
}

export function refused(state: RolloutState, todo: string): ServerError {
  return new ServerError('rollout-state', `the rollout is ${state}: ${todo}`);
}

/** The phase counts as opened later by as long as the rollout rested: rest is no soak. Pure. */
export function soakedSince(row: Pick<RolloutRow, 'rested_at' | 'phase_opened_at' | 'not_before'>, now: Date): Date {
  const began = Math.max(row.phase_opened_at.getTime(), row.not_before.getTime());
  const soakedMs = row.rested_at ? Math.max(0, row.rested_at.getTime() - began) : 0;
  return new Date(now.getTime() - soakedMs);
}

/** Nobody listened for them while the rollout was stopped: their silence counts from now. */
async function breakSilence(tx: Db, rolloutId: string, now: Date): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ changed_at: now })
    .where('rollout_id', '=', rolloutId)
    .where('outcome', 'is', null)
    .where('changed_at', '<', now)
    .execute();
}
