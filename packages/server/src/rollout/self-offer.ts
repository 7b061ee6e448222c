/**
 * What is signed with a release goes past its rollout: by when a hold must be signed, where the rollout is not to go on.
 * The server can only say so; it has no part in it.
 */
import { sql } from 'kysely';
import type { RolloutState } from '@tidegate/protocol';
import type { Db } from '../deps.ts';

export interface SelfOfferView {
  readonly selfOfferAt: string | null;
  readonly holdNeededBy: string | null;
}

/** By target: when devices offer it by themselves; absent where they never do, or nothing more is to be signed against it. */
export async function selfOfferTimes(db: Db, targets: readonly string[]): Promise<Map<string, Date>> {
  const rows = await db
    .selectFrom('releases')
    .select(['target', 'self_offer_at'])
    .where('target', '=', sql<string>`any(${[...targets]})`)
    .where('held_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .execute();
  return new Map(rows.flatMap(r => (r.self_offer_at === null ? [] : [[r.target, r.self_offer_at] as const])));
}

const HELD_UP: readonly RolloutState[] = ['paused', 'halted', 'stopped', 'cancelled'];

/** Pure. */
export function selfOfferView(state: RolloutState, at: Date | undefined): SelfOfferView {
  const selfOfferAt = at?.toISOString() ?? null;
  const isHeldUp = HELD_UP.includes(state);
  return { selfOfferAt, holdNeededBy: isHeldUp ? selfOfferAt : null };
}
