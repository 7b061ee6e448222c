/** What the board shows, read from the database. */
import { type Selectable, type SqlBool, sql } from 'kysely';
import type { RolloutsTable } from '../db/rollout-tables.ts';
import type { Db } from '../deps.ts';

/**
 * Rollouts that may make offers: the running ones, paused ones to devices at work, and completed ones that no newer
 * completed one replaces for the same hardware, filter, exclusion and stepping stone. A rollout whose release was
 * withdrawn offers nothing.
 */
export function offeringRollouts(db: Db): Promise<Selectable<RolloutsTable>[]> {
  return db
    .selectFrom('rollouts as r')
    .innerJoin('releases', 'releases.target', 'r.target')
    .selectAll('r')
    .where('releases.withdrawn_at', 'is', null)
    .where('r.state', 'in', ['running', 'paused', 'completed'])
    .where(({ not, or, eb, exists, selectFrom }) =>
      or([
        eb('r.state', 'in', ['running', 'paused']),
        not(
          exists(
            selectFrom('rollouts as newer')
              .select('newer.id')
              .where('newer.state', '=', 'completed')
              .whereRef('newer.product', '=', 'r.product')
              .whereRef('newer.channel', '=', 'r.channel')
              .whereRef('newer.component', '=', 'r.component')
              .whereRef('newer.counter', '>', 'r.counter')
              .whereRef('newer.hardware', '@>', 'r.hardware')
              .where(filter =>
                filter.or([filter('newer.filter', 'is', null), filter('newer.filter', '=', filter.ref('r.filter'))]),
              )
              .where(exclude =>
                exclude.or([
                  exclude('newer.exclude', 'is', null),
                  exclude('newer.exclude', '=', exclude.ref('r.exclude')),
                ]),
              )
              // Whoever is below the newer one's stone still needs the older.
              .where(sql<SqlBool>`coalesce(newer.min_from_counter, 0) <= coalesce(r.min_from_counter, 0)`),
          ),
        ),
      ]),
    )
    .execute();
}

/** Rollouts whose updates must not go on: halted, stopped, or with a release that is no longer signed. */
export async function stoppedRollouts(db: Db): Promise<Set<string>> {
  const rows = await db
    .selectFrom('rollouts')
    .innerJoin('releases', 'releases.target', 'rollouts.target')
    .select('rollouts.id')
    .where(({ or, eb }) =>
      or([eb('rollouts.state', 'in', ['halted', 'stopped']), eb('releases.withdrawn_at', 'is not', null)]),
    )
    .execute();
  return new Set(rows.map(r => r.id));
}

/** The rollouts whose gates are judged: all that run or rest, and those completed ones that still offer. */
export async function judgedRollouts(db: Db): Promise<Selectable<RolloutsTable>[]> {
  const underWay = await db.selectFrom('rollouts').selectAll().where('state', 'in', ['running', 'paused']).execute();
  const known = new Set(underWay.map(r => r.id));
  return [...underWay, ...(await offeringRollouts(db)).filter(r => !known.has(r.id))];
}

/** Those of the targets whose releases are no longer signed. */
export async function withdrawnTargets(db: Db, targets: readonly string[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('releases')
    .select('target')
    .where('target', '=', sql<string>`any(${targets}::text[])`)
    .where('withdrawn_at', 'is not', null)
    .execute();
  return new Set(rows.map(r => r.target));
}

/** What the view of the rollouts, and what is remembered of devices, are measured against. */
export function rolloutGeneration(db: Db): Promise<{ generation: number; devices: number }> {
  return db.selectFrom('rollout_generation').select(['generation', 'devices']).executeTakeFirstOrThrow();
}
