/**
 * An operator's retry: devices whose latest attempt ended otherwise than verified get another, under a higher number,
 * which is what makes a device try again. The old attempt leaves the counts, so they always tell of each device once.
 */
import { LIMITS } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { addCounts, type AttemptState, countsOf, NO_COUNTS, timesCounts } from '../reports/transition.ts';
import { offeringRollouts } from './board-store.ts';
import { addToCounts, type CountsByPhase } from './counts-store.ts';
import { type Act, change, record, refused, refuseReopening, reopened } from './rollout-control.ts';
import type { RolloutRow } from './rollout-store.ts';

export interface Retried {
  readonly row: RolloutRow;
  readonly retried: number;
  readonly exhausted: number;
}

/**
 * A halted or stopped rollout runs again by it, its gate begins anew with what is counted then; in any other state it
 * stays. Devices that are at work or verified are passed over.
 * @param devices all that ended otherwise than verified, where absent
 * @throws ServerError `rollout-state`, `rollout-conflict`, `release-unknown`
 */
export function retryRollout(
  db: Db,
  id: string,
  devices: readonly string[] | undefined,
  act: Act,
): Promise<Retried | undefined> {
  return change(db, id, async (tx, row) => {
    const ended = row.state === 'halted' || row.state === 'stopped';
    if (ended) await refuseReopening(tx, row);
    await refuseReplaced(tx, row);
    const { superseded, exhausted } = await supersede(tx, row, devices, act.now);
    const retried = superseded.reduce((sum, group) => sum + group.devices, 0);
    if (retried === 0) return { row, retried, exhausted };
    await recount(tx, row, superseded, retried);
    await sql`update rollout_generation set devices = devices + 1`.execute(tx);
    const again = { looked_phase: 0, looked_total: 0, ...(ended && { ...reopened, phase_opened_at: act.now }) };
    // The state is always written: by that the boards of all processes hear of the retry.
    return { row: await record(tx, row, 'retry', { state: row.state, ...again }, act), retried, exhausted };
  });
}

/** A newer rollout has taken its devices over: its offers would reach nobody. */
async function refuseReplaced(tx: Db, row: RolloutRow): Promise<void> {
  if (row.state !== 'completed' || (await offeringRollouts(tx)).some(r => r.id === row.id)) return;
  throw refused('completed', 'a newer one has replaced it, retry that one');
}

/** Attempts of one phase that ended alike. */
interface Superseded extends AttemptState {
  readonly phase: number;
  readonly devices: number;
}

async function supersede(tx: Db, row: RolloutRow, devices: readonly string[] | undefined, now: Date) {
  const chosen = devices === undefined ? sql`` : sql`and device_id = any(${devices}::text[])`;
  const { rows } = await sql<Superseded & { exhausted: boolean }>`
    with ended as (
      select device_id, attempt, phase, state, begun, outcome from attempts
      where rollout_id = ${row.id} and not superseded and outcome <> 'verified' ${chosen}
      order by device_id for update
    ), superseded as (
      update attempts a set superseded = true from ended
      where a.rollout_id = ${row.id} and a.device_id = ended.device_id and a.attempt = ended.attempt
        and ended.attempt < ${LIMITS.attemptsPerRollout}
      returning a.device_id, a.attempt
    ), placed as (
      insert into attempts (rollout_id, device_id, attempt, phase, offered_at, changed_at)
      select ${row.id}, device_id, attempt + 1, ${row.open_phase}::int, ${now}, ${now} from superseded
    )
    select phase, state, null as code, begun, outcome, attempt >= ${LIMITS.attemptsPerRollout} as exhausted,
      count(*)::int as devices
    from ended group by phase, state, begun, outcome, exhausted`.execute(tx);
  const exhausted = rows.filter(r => r.exhausted).reduce((sum, r) => sum + r.devices, 0);
  return { superseded: rows.filter(r => !r.exhausted), exhausted };
}

async function recount(tx: Db, row: RolloutRow, superseded: readonly Superseded[], retried: number): Promise<void> {
  await tx
    .insertInto('rollout_counts')
    .values({ rollout_id: row.id, phase: row.open_phase })
    .onConflict(c => c.doNothing())
    .execute();
  const changes: CountsByPhase = new Map([[row.open_phase, { ...NO_COUNTS, offered: retried }]]);
  for (const group of superseded) {
    const gone = timesCounts(countsOf(group), -group.devices);
    changes.set(group.phase, addCounts(changes.get(group.phase) ?? NO_COUNTS, gone));
  }
  await addToCounts(tx, row.id, changes);
}
