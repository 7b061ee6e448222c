/**
 * The devices that a rollout would be for today. At most `lookedAt` devices are read, whatever the fleet's size: they come
 * by the index over product and id, and ids are random, so they stand for the rest.
 */
import { PREVIEW_SAMPLE } from '@tidegate/protocol';
import { type SqlBool, sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { Looked } from './estimate.ts';
import { filterCondition } from './filter-sql.ts';
import type { RolloutPlan } from './rollout-plan.ts';

export interface Found extends Looked {
  readonly meant: number;
  readonly current: number;
  /** Ids of some that are meant. */
  readonly sample: readonly string[];
}

/** @throws ServerError filter-invalid */
export async function findMeant(
  db: Db,
  { release, filter }: Pick<RolloutPlan, 'release' | 'filter'>,
  { lookedAt, now }: { readonly lookedAt: number; readonly now: Date },
): Promise<Found> {
  const passes = filter === null ? sql<SqlBool>`true` : filterCondition(filter, { component: release.component, now });
  const { rows } = await sql<{ looked: number; last: string | null; meant: number; current: number; sample: string[] }>`
    with looked as (
      select id, product, hardware, channel, components, attributes, canary, tags, group_name, last_seen_at, revoked_at from devices
      where product = ${release.product} order by id limit ${lookedAt}
    ), fitting as (
      select id, coalesce((
        select (part ->> 'counter')::bigint from jsonb_array_elements(components)
        with ordinality as parts (part, place) where part ->> 'component' = ${release.component} order by place limit 1
      ), 0) >= ${release.counter} as is_current
      from looked as devices
      where revoked_at is null and channel = ${release.channel}
        and hardware = any(${release.hardware}::text[]) and ${passes}
    )
    select (select count(*) from looked) as looked, (select max(id) from looked) as last,
      (select count(*) from fitting where not is_current) as meant,
      (select count(*) from fitting where is_current) as current,
      array(select id from fitting where not is_current order by id limit ${PREVIEW_SAMPLE}) as sample`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('a query of aggregates gave no row');
  const isWhole = row.looked < lookedAt;
  return { ...row, last: isWhole ? undefined : (row.last ?? undefined) };
}
