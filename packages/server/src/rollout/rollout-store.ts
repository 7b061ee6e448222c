/** Rollouts in the database: created and found. A change reaches the boards by the table's own trigger. */
import type { RolloutState } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { RolloutsTable } from '../db/rollout-tables.ts';
import type { ReleasesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { lockComponent, refuseConflict } from './rollout-conflict.ts';
import type { RolloutPlan } from './rollout-plan.ts';
import { beginTotal } from './total-store.ts';

export type RolloutRow = Selectable<RolloutsTable>;

export function findRelease(db: Db, target: string): Promise<Selectable<ReleasesTable> | undefined> {
  return db.selectFrom('releases').selectAll().where('target', '=', target).executeTakeFirst();
}

/** Who makes a rollout: the token's id and the person's name. */
export interface Maker {
  readonly id: string;
  readonly name: string;
}

/**
 * Creates a rollout that runs from now on, or waits for another person's approval.
 * @throws ServerError `rollout-conflict`: see `refuseConflict`
 */
export function createRollout(db: Db, id: string, plan: RolloutPlan, now: Date, maker?: Maker): Promise<RolloutRow> {
  const { release } = plan;
  const waits = plan.phases[0]?.approval === true;
  return db.transaction().execute(async tx => {
    await lockComponent(tx, release);
    await refuseConflict(tx, { ...release, urgent: plan.urgent });
    const row = await tx
      .insertInto('rollouts')
      .values({
        id,
        name: plan.name,
        state: waits ? 'awaiting-approval' : 'running',
        approval_asked_at: waits ? now : null,
        created_by: maker?.id ?? null,
        created_by_name: maker?.name ?? null,
        target: release.target,
        product: release.product,
        channel: release.channel,
        component: release.component,
        version: release.version,
        counter: release.counter,
        class: release.class,
        hardware: release.hardware,
        sha256: release.sha256,
        filter: plan.filter,
        exclude: plan.exclude,
        min_from_counter: release.min_from_counter,
        salt: plan.salt,
        phases: JSON.stringify(plan.phases),
        gate: JSON.stringify(plan.gate),
        pace: JSON.stringify(plan.pace),
        install_window: plan.window && JSON.stringify(plan.window),
        urgent: plan.urgent,
        phase_opened_at: now,
        not_before: plan.notBefore,
        poll_during_update_seconds: plan.pollDuringUpdateSeconds,
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await beginTotal(tx, id);
    return row;
  });
}

export function findRollout(db: Db, id: string): Promise<RolloutRow | undefined> {
  return db.selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst();
}

export interface ListQuery {
  readonly product?: string;
  readonly state?: RolloutState;
  /** Id of the last one of the page before. */
  readonly before?: string;
  readonly limit: number;
}

/** A page of rollouts, newest first. */
export function listRollouts(db: Db, { product, state, before, limit }: ListQuery): Promise<RolloutRow[]> {
  return db
    .selectFrom('rollouts')
    .selectAll()
    .$if(product !== undefined, q => q.where('product', '=', product ?? ''))
    .$if(state !== undefined, q => q.where('state', '=', state ?? 'running'))
    .$if(before !== undefined, q =>
      q.where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('created_at', 'id'),
          '<',
          selectFrom('rollouts as last')
            .select(['last.created_at', 'last.id'])
            .where('last.id', '=', before ?? '')
            .$asTuple('created_at', 'id'),
        ),
      ),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}
