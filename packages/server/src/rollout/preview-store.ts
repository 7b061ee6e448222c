/**
 * The devices that a rollout would be for today. At most `lookedAt` devices are read, whatever the fleet's size: they come
 * by the index over product and id, and ids are random, so they stand for the rest.
 */
import { PREVIEW_SAMPLE } from '@tidegate/protocol';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { Looked } from './estimate.ts';
import { choiceCondition } from './filter-sql.ts';
import type { Choice } from './filter-tree.ts';
import type { RolloutRow } from './rollout-store.ts';

export interface Found extends Looked {
  readonly meant: number;
  readonly current: number;
  /** Of those that are meant, these run less than the release can be installed from. */
  readonly belowStone: number;
  /** Of those that are meant, for each of the other rollouts those that it is for too. */
  readonly shared: readonly number[];
  /** Ids of some that are meant. */
  readonly sample: readonly string[];
}

/** Another rollout of the same component. */
export interface Other extends Choice {
  readonly hardware: readonly string[];
  readonly counter: number;
}

/** A release, or the rollout of one. */
type Release = Pick<RolloutRow, 'product' | 'channel' | 'component' | 'hardware' | 'counter' | 'min_from_counter'>;

export interface Where {
  readonly lookedAt: number;
  /** Of the devices after this one, in the order of ids; all where absent. */
  readonly after?: string;
  readonly now: Date;
}

/** @throws ServerError filter-invalid */
export async function findMeant(
  db: Db,
  { release, ...choice }: Choice & { readonly release: Release },
  others: readonly Other[],
  { lookedAt, after = '', now }: Where,
): Promise<Found> {
  const context = { component: release.component, now };
  const isFor = (other: Other): RawBuilder<SqlBool> =>
    sql`(running < ${other.counter} and hardware = any(${other.hardware}::text[]) and ${choiceCondition(other, context)})`;
  const shared = others.map(other => sql`count(*) filter (where ${isFor(other)})`);
  const { rows } = await sql<Omit<Found, 'last'> & { last: string | null }>`
    with looked as materialized (
      select id, product, hardware, channel, components, attributes, canary, tags, group_name, last_seen_at, revoked_at
      from devices where product = ${release.product} and id > ${after} order by id limit ${lookedAt}
    ), fitting as materialized (
      select devices.*, coalesce((
        select (part ->> 'counter')::bigint from jsonb_array_elements(components)
        with ordinality as parts (part, place) where part ->> 'component' = ${release.component} order by place limit 1
      ), 0) as running
      from looked as devices
      where revoked_at is null and channel = ${release.channel}
        and hardware = any(${release.hardware}::text[]) and ${choiceCondition(choice, context)}
    ), meant as (
      select * from fitting where running < ${release.counter}
    )
    select (select count(*) from looked) as looked, (select max(id) from looked) as last,
      (select count(*) from fitting) - (select count(*) from meant) as current,
      count(*) as meant, count(*) filter (where running < ${release.min_from_counter ?? 0}) as "belowStone",
      array[${sql.join(shared)}]::int[] as shared,
      array(select id from meant order by id limit ${PREVIEW_SAMPLE}) as sample
    from meant as devices`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('a query of aggregates gave no row');
  const isWhole = row.looked < lookedAt;
  return { ...row, last: isWhole ? undefined : (row.last ?? undefined) };
}
