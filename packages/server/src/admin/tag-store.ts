/** Tags of devices: changed for many at once, in one statement, with the devices locked in the order of their ids. */
import { LIMITS, TAGGED_BY_FILTER, type TagAnswer } from '@tidegate/protocol';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from '../deps.ts';
import { filterCondition } from '../rollout/filter-sql.ts';

export interface TagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Those of the devices that there are. @param devices at most `TAGGED_BY_NAME` */
export async function tagByName(db: Db, devices: readonly string[], change: TagChange): Promise<TagAnswer> {
  const chosen = sql`select devices.id from devices where id = any(${devices}::text[])`;
  return { ...(await retag(db, chosen, change)), next: null };
}

/**
 * Looks at the next `looksAt` devices of the product, whether the filter means them or not.
 * @throws ServerError filter-invalid
 */
export async function tagByFilter(
  db: Db,
  choice: { readonly product: string; readonly filter?: string; readonly component?: string; readonly after?: string },
  change: TagChange,
  now: Date,
  looksAt = TAGGED_BY_FILTER,
): Promise<TagAnswer> {
  const { product, filter, component, after = '' } = choice;
  const meant: RawBuilder<SqlBool> = filter === undefined ? sql`true` : filterCondition(filter, { component, now });
  const last = await db
    .selectFrom('devices')
    .select('id')
    .where('product', '=', product)
    .where('id', '>', after)
    .orderBy('id')
    .offset(looksAt - 1)
    .limit(1)
    .executeTakeFirst();
  const until = last === undefined ? sql`true` : sql`devices.id <= ${last.id}`;
  const chosen = sql`
    select devices.id from devices where product = ${product} and devices.id > ${after} and ${until} and ${meant}`;
  return { ...(await retag(db, chosen, change)), next: last?.id ?? null };
}

async function retag(
  db: Db,
  chosen: RawBuilder<unknown>,
  { add, remove }: TagChange,
): Promise<Omit<TagAnswer, 'next'>> {
  const { rows } = await sql<{ matched: number; changed: number; full: number }>`
    with chosen as (${chosen} order by devices.id for no key update),
    wanted as (
      select id, tags as before, array(
        select distinct tag from unnest(tags || ${add}::text[]) as tag where tag <> all(${remove}::text[]) order by tag
      ) as tags from devices join chosen using (id)
    ), changed as (
      update devices set tags = wanted.tags from wanted
      where devices.id = wanted.id and wanted.before <> wanted.tags and cardinality(wanted.tags) <= ${LIMITS.tagsPerDevice}
      returning devices.id
    )
    select (select count(*) from wanted) as matched, (select count(*) from changed) as changed,
      (select count(*) from wanted where cardinality(tags) > ${LIMITS.tagsPerDevice}) as full`.execute(db);
  const row = rows[0];
  if (!row) throw new Error('a query of aggregates gave no row');
  return row;
}
