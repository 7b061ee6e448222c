/** How many devices a rollout is for, as far as they are counted. */
import type { RolloutTotal } from '@tidegate/protocol';
import type { Db } from '../deps.ts';
import type { RolloutRow } from './rollout-store.ts';

export interface OpenTotal {
  readonly rollout: RolloutRow;
  /** The last device that was looked at, in the order of ids. */
  readonly after: string;
}

/** Part of making the rollout. */
export async function beginTotal(db: Db, rolloutId: string): Promise<void> {
  await db.insertInto('rollout_totals').values({ rollout_id: rolloutId }).execute();
}

/** Those that are not counted to the end, the oldest first; one that ended without completing needs no total. */
export async function openTotals(db: Db): Promise<OpenTotal[]> {
  const rows = await db
    .selectFrom('rollout_totals')
    .innerJoin('rollouts', 'rollouts.id', 'rollout_totals.rollout_id')
    .selectAll('rollouts')
    .select('after_device')
    .where('counted_at', 'is', null)
    .where('state', 'in', ['awaiting-approval', 'running', 'paused', 'completed'])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows.map(({ after_device: after, ...rollout }) => ({ rollout, after }));
}

export interface CountedPage {
  readonly devices: number;
  /** The last device of the page; undefined: there are no more. */
  readonly last: string | undefined;
}

/** Of several processes that count the same page, one is heard. @returns whether it was this one */
export async function addToTotal(
  db: Db,
  { rollout, after }: OpenTotal,
  { devices, last }: CountedPage,
  now: Date,
): Promise<boolean> {
  const result = await db
    .updateTable('rollout_totals')
    .set(({ eb }) => ({
      devices: eb('devices', '+', devices),
      ...(last === undefined ? { counted_at: now } : { after_device: last }),
    }))
    .where('rollout_id', '=', rollout.id)
    .where('after_device', '=', after)
    .where('counted_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Those that are counted, by rollout id. */
export async function totalsOf(db: Db, rolloutIds: readonly string[]): Promise<Map<string, RolloutTotal>> {
  if (rolloutIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('rollout_totals')
    .select(['rollout_id', 'devices', 'counted_at'])
    .where('rollout_id', 'in', rolloutIds)
    .execute();
  return new Map(
    rows.flatMap(({ rollout_id, devices, counted_at: at }) =>
      at === null ? [] : [[rollout_id, { devices, countedAt: at.toISOString() }] as const],
    ),
  );
}
