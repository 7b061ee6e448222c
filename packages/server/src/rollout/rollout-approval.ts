/**
 * Another person's word before a rollout begins, or before a phase opens. Whoever made the rollout never gives it; with
 * no word in time it counts as denied. An approved phase still opens only when the gate finds the proof.
 */
import { LIMITS, type PendingApproval, type RolloutApprovalRequest, type RolloutState } from '@tidegate/protocol';
import type { Db } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { cancelled, change, record, refused, refuseReopening } from './rollout-control.ts';
import type { Maker, RolloutRow } from './rollout-store.ts';

export interface Word extends RolloutApprovalRequest {
  readonly by: Maker;
  readonly now: Date;
}

const WAITING: readonly RolloutState[] = ['awaiting-approval', 'running', 'paused'];

/** What the rollout waits for; undefined: nothing. Pure. */
export function pendingApproval(row: RolloutRow): PendingApproval | undefined {
  if (row.approval_asked_at === null || !WAITING.includes(row.state)) return undefined;
  return {
    phase: row.state === 'awaiting-approval' ? 0 : row.open_phase + 1,
    askedAt: row.approval_asked_at.toISOString(),
    expiresAt: new Date(row.approval_asked_at.getTime() + LIMITS.approvalSeconds * 1000).toISOString(),
  };
}

/** Given again, it changes nothing. @throws ServerError `forbidden` to its maker, `rollout-state` where nothing waits */
export function approveRollout(db: Db, id: string, word: Word): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.approved_phase !== null && word.phase <= row.approved_phase) return row;
    checkWord(row, word);
    const approved = { approved_phase: word.phase, approval_asked_at: null };
    if (word.phase > 0) return record(tx, row, 'approve', approved, told(word));
    await refuseReopening(tx, row);
    const begun = { ...approved, state: 'running', phase_opened_at: word.now } as const;
    return record(tx, row, 'approve', begun, told(word));
  });
}

/** Before its start the rollout never begins; later it is paused, and the gate asks anew once somebody resumes it. */
export function denyRollout(db: Db, id: string, word: Word): Promise<RolloutRow | undefined> {
  return change(db, id, async (tx, row) => {
    if (row.state === 'cancelled') return row;
    checkWord(row, word);
    return record(tx, row, 'deny', denied(row, word.now), told(word));
  });
}

/** Those that waited for too long count as denied, by nobody. */
export async function expireApprovals(db: Db, now: Date): Promise<void> {
  const longAgo = new Date(now.getTime() - LIMITS.approvalSeconds * 1000);
  const rows = await db
    .selectFrom('rollouts')
    .select('id')
    .where('state', 'in', WAITING)
    .where('approval_asked_at', '<=', longAgo)
    .execute();
  for (const { id } of rows) {
    await change(db, id, async (tx, row) => {
      if (row.approval_asked_at === null || row.approval_asked_at > longAgo) return;
      await record(tx, row, 'deny', denied(row, now), { by: `nobody: no word in ${DAYS} days`, now });
    });
  }
}

const DAYS = LIMITS.approvalSeconds / 86_400;

function denied(row: RolloutRow, now: Date) {
  if (row.state === 'awaiting-approval') return cancelled(now);
  const rest = row.state === 'running' ? ({ state: 'paused', rested_at: now } as const) : {};
  return { ...rest, approval_asked_at: null };
}

function checkWord(row: RolloutRow, { phase, by }: Word): void {
  const pending = pendingApproval(row);
  if (!pending) throw refused(row.state, 'it waits for no approval');
  if (pending.phase !== phase) throw refused(row.state, `what waits is phase ${pending.phase + 1}`);
  // One person may hold several tokens: the name counts as well as the token.
  if (by.id === row.created_by || by.name === row.created_by_name) {
    throw new ServerError('forbidden', `${by.name} made this rollout: the word is another releaser's or admin's`);
  }
}

function told({ by, reason, now }: Word) {
  return { by: reason === undefined ? by.name : `${by.name}: ${reason}`, now };
}
