/**
 * Tags and groups of devices: changed for many at once, in one statement, with the devices locked in the order of
 * their ids.
 */
import { LIMITS, TAGGED_BY_FILTER, type TagAnswer, type TagRow } from '@tidegate/protocol';
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Db } from '../deps.ts';
import { filterCondition } from '../rollout/filter-sql.ts';
import { ServerError } from '../server-error.ts';

export interface TagChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Null: in none. Absent: as it is. */
  readonly group?: string | null | undefined;
}

/** Those of the devices that there are. @param devices at most `TAGGED_BY_NAME` */
export async function tagByName(db: Db, devices: readonly string[], change: TagChange): Promise<TagAnswer> {
  const { matched, changed, full } = await retag(db, alike(change, sql`devices.id = any(${devices}::text[])`));
  return { matched, changed, full, next: null };
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
  const chosen = sql`devices.product = ${product} and devices.id > ${after} and ${until} and ${meant}`;
  const { matched, changed, full } = await retag(db, alike(change, chosen));
  return { matched, changed, full, next: last?.id ?? null };
}

/**
 * Each device as its row says, all or none.
 * @returns how many were not so already
 * @throws ServerError `invalid-input` with the path of the faulty row: twice the same device, one that is not there, or
 * one that would have too many tags
 */
export function tagByRows(db: Db, rows: readonly TagRow[]): Promise<number> {
  const places = new Map<string, number>();
  for (const [i, { device }] of rows.entries()) {
    const earlier = places.get(device);
    if (earlier !== undefined) throw rowFault(i, 'device', `the same device as in row ${earlier + 1}`);
    places.set(device, i);
  }
  return db.transaction().execute(async tx => {
    const { matched, changed, firstFull } = await retag(tx, byRows(rows));
    if (matched < rows.length) {
      const known = await tx
        .selectFrom('devices')
        .select('id')
        .where('id', 'in', [...places.keys()])
        .execute();
      for (const { id } of known) places.delete(id);
      throw rowFault(Math.min(...places.values()), 'device', 'there is no such device');
    }
    if (firstFull !== null) {
      throw rowFault(places.get(firstFull) ?? 0, 'add', `a device has ${LIMITS.tagsPerDevice} tags at most`);
    }
    return changed;
  });
}

function rowFault(index: number, column: string, detail: string): ServerError {
  return new ServerError('invalid-input', detail, { path: `/rows/${index}/${column}` });
}

/** A select of devices with their changes: id, added, removed, new_group, regroups. */
type Changes = RawBuilder<unknown>;

function alike({ add, remove, group }: TagChange, chosen: RawBuilder<unknown>): Changes {
  return sql`
    select devices.id, ${add}::text[] as added, ${remove}::text[] as removed, ${group ?? null}::text as new_group,
      ${group !== undefined}::boolean as regroups
    from devices where ${chosen}`;
}

function byRows(rows: readonly TagRow[]): Changes {
  const changes = rows.map(({ device, add = [], remove = [], group }) => ({
    device,
    added: add,
    removed: remove,
    new_group: group ?? null,
    regroups: group !== undefined,
  }));
  return sql`
    select devices.id, added, removed, new_group, regroups
    from jsonb_to_recordset(${JSON.stringify(changes)}::jsonb)
      as asked (device text, added text[], removed text[], new_group text, regroups boolean)
    join devices on devices.id = asked.device`;
}

interface Retagged extends Pick<TagAnswer, 'matched' | 'changed' | 'full'> {
  /** One of those that would have too many tags. */
  readonly firstFull: string | null;
}

async function retag(db: Db, changes: Changes): Promise<Retagged> {
  const { rows } = await sql<Retagged>`
    with chosen as (${changes} order by devices.id for no key update of devices),
    wanted as (
      select id, tags as tags_before, group_name as group_before,
        case when regroups then new_group else group_name end as group_name,
        array(select distinct tag from unnest(tags || added) as tag where tag <> all(removed) order by tag) as tags
      from devices join chosen using (id)
    ), changed as (
      update devices set tags = wanted.tags, group_name = wanted.group_name from wanted
      where devices.id = wanted.id and cardinality(wanted.tags) <= ${LIMITS.tagsPerDevice}
        and (tags_before <> wanted.tags or group_before is distinct from wanted.group_name)
      returning devices.id
    )
    select (select count(*) from wanted) as matched, (select count(*) from changed) as changed,
      (select count(*) from wanted where cardinality(tags) > ${LIMITS.tagsPerDevice}) as full,
      (select id from wanted where cardinality(tags) > ${LIMITS.tagsPerDevice} order by id limit 1) as "firstFull"`.execute(
    db,
  );
  const row = rows[0];
  if (!row) throw new Error('a query of aggregates gave no row');
  return row;
}
