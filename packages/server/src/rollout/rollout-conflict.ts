/** One rollout at a time for a component and hardware: else two would offer different releases to the same devices. */
import type { ConflictEffect, ReleaseClass } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { outranks } from './precedence.ts';
import type { RolloutRow } from './rollout-store.ts';

interface Stepped {
  readonly counter: number;
  readonly min_from_counter: number | null;
}

/** A release, or the rollout of one. */
export interface Claim extends Stepped {
  readonly id?: string;
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly hardware: readonly string[];
  readonly class: ReleaseClass;
  readonly urgent: boolean;
}

/** Until the transaction ends. Two that begin at once must see each other; it comes before any lock on a row. */
export async function lockComponent(tx: Db, { product, component }: Pick<Claim, 'product' | 'component'>) {
  await sql`select pg_advisory_xact_lock(hashtext(${`rollout/${product}/${component}`}))`.execute(tx);
}

/**
 * @throws ServerError `rollout-conflict` where another one for the same component and hardware runs, is paused or
 *   waits for approval; one that outranks it may run beside it, since it takes precedence
 */
export async function refuseConflict(tx: Db, claim: Claim): Promise<void> {
  const other = (await conflictsOf(tx, claim)).find(c => c.effect === 'refuses')?.other;
  if (!other) return;
  const detail = `rollout ${other.id} («${other.name}») is ${other.state} for the same component and hardware: stop it first`;
  throw new ServerError('rollout-conflict', detail, { path: '/target' });
}

/** Another rollout in the way of one, or that one in its way. */
export interface Conflict {
  readonly other: RolloutRow;
  readonly effect: ConflictEffect;
}

/**
 * Others that run, are paused or wait for approval for the same component and hardware, the older first, and what
 * each means. One that leads up to the other's stepping stone, and no further, is not in its way: no device can have
 * both.
 */
export async function conflictsOf(db: Db, claim: Claim): Promise<Conflict[]> {
  const rows = await db
    .selectFrom('rollouts')
    .selectAll()
    .where('state', 'in', ['awaiting-approval', 'running', 'paused'])
    .where('product', '=', claim.product)
    .where('channel', '=', claim.channel)
    .where('component', '=', claim.component)
    .where('hardware', '&&', sql<string[]>`${claim.hardware}::text[]`)
    .where('id', '<>', claim.id ?? '')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return rows
    .filter(row => !leadsUpTo(row, claim) && !leadsUpTo(claim, row))
    .map(other => ({ other, effect: outranks(claim, other) ? 'overtaken' : 'refuses' }));
}

function leadsUpTo(lower: Stepped, higher: Stepped): boolean {
  return higher.min_from_counter !== null && lower.counter <= higher.min_from_counter;
}
