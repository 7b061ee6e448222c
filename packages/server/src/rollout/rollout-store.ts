/** Rollouts in the database: created, stopped, found. A change reaches the boards by the table's own trigger. */
import { type Selectable, sql } from 'kysely';
import type { ReleasesTable, RolloutsTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import type { RolloutPlan } from './rollout-plan.ts';

export type RolloutRow = Selectable<RolloutsTable>;

export function findRelease(db: Db, target: string): Promise<Selectable<ReleasesTable> | undefined> {
  return db.selectFrom('releases').selectAll().where('target', '=', target).executeTakeFirst();
}

/**
 * Creates a rollout that runs from now on.
 * @throws ServerError `rollout-conflict` where one for the same component and hardware runs; a security release may
 * run beside any but another security release, since it takes precedence
 */
export function createRollout(db: Db, id: string, plan: RolloutPlan, now: Date): Promise<RolloutRow> {
  const { release } = plan;
  return db.transaction().execute(async tx => {
    // Two creations at once must see each other.
    await sql`select pg_advisory_xact_lock(hashtext(${`rollout/${release.product}/${release.component}`}))`.execute(tx);
    await refuseConflict(tx, release);
    return tx
      .insertInto('rollouts')
      .values({
        id,
        name: plan.name,
        state: 'running',
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
        salt: plan.salt,
        phases: JSON.stringify(plan.phases),
        gate: JSON.stringify(plan.gate),
        phase_opened_at: now,
        not_before: plan.notBefore,
        poll_during_update_seconds: plan.pollDuringUpdateSeconds,
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

async function refuseConflict(db: Db, release: Selectable<ReleasesTable>): Promise<void> {
  const running = await db
    .selectFrom('rollouts')
    .select(['id', 'name'])
    .where('state', '=', 'running')
    .where('product', '=', release.product)
    .where('channel', '=', release.channel)
    .where('component', '=', release.component)
    .where('hardware', '&&', sql<string[]>`${release.hardware}::text[]`)
    .$if(release.class === 'security', q => q.where('class', '=', 'security'))
    .executeTakeFirst();
  if (!running) return;
  const detail = `rollout ${running.id} («${running.name}») runs for the same component and hardware: stop it first`;
  throw new ServerError('rollout-conflict', detail, { path: '/target' });
}

/** Stops a rollout that may still offer; one that has ended otherwise stays as it is. Undefined where there is none. */
export async function stopRollout(db: Db, id: string, now: Date): Promise<RolloutRow | undefined> {
  const stopped = await db
    .updateTable('rollouts')
    .set({ state: 'stopped', ended_at: now })
    .where('id', '=', id)
    .where('state', 'in', ['running', 'completed'])
    .returningAll()
    .executeTakeFirst();
  return stopped ?? findRollout(db, id);
}

export function findRollout(db: Db, id: string): Promise<RolloutRow | undefined> {
  return db.selectFrom('rollouts').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A page of rollouts, newest first. @param before id of the last one of the page before */
export function listRollouts(
  db: Db,
  { product, before, limit }: { readonly product?: string; readonly before?: string; readonly limit: number },
): Promise<RolloutRow[]> {
  return db
    .selectFrom('rollouts')
    .selectAll()
    .$if(product !== undefined, q => q.where('product', '=', product ?? ''))
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
