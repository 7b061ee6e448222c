/** Products, claim tokens, and devices as operators see them. */
import {
  DEVICE_ALARMS,
  type DeviceAlarm,
  type DeviceView,
  type ProductView,
  type ReportView,
} from '@tidegate/protocol';
import { type Selectable, type SqlBool, sql } from 'kysely';
import type { DevicesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';
import { ALARM_COLUMNS } from '../identity/alarm-store.ts';
import { filterCondition } from '../rollout/filter-sql.ts';

/** False where there is one of that name. */
export async function insertProduct(db: Db, name: string, title: string, now: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('products')
    .values({ name, title, created_at: now })
    .onConflict(oc => oc.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function listProducts(db: Db, after: string, limit: number): Promise<ProductView[]> {
  const rows = await db
    .selectFrom('products')
    .selectAll()
    .where('name', '>', after)
    .orderBy('name')
    .limit(limit)
    .execute();
  return rows.map(r => ({ name: r.name, title: r.title, createdAt: r.created_at.toISOString() }));
}

export async function productExists(db: Db, name: string): Promise<boolean> {
  return (await db.selectFrom('products').select('name').where('name', '=', name).executeTakeFirst()) !== undefined;
}

export async function allProductNames(db: Db): Promise<ReadonlySet<string>> {
  return new Set((await db.selectFrom('products').select('name').execute()).map(row => row.name));
}

export async function insertClaimTokens(
  db: Db,
  tokenHashes: readonly Buffer[],
  granted: { readonly product: string; readonly group: string | null; readonly expiresAt: Date },
  now: Date,
): Promise<void> {
  const row = { product: granted.product, group_name: granted.group, expires_at: granted.expiresAt, created_at: now };
  await db
    .insertInto('claim_tokens')
    .values(tokenHashes.map(token_hash => ({ token_hash, ...row })))
    .execute();
}

export interface DeviceChoice {
  readonly product?: string;
  readonly hardware?: string;
  readonly channel?: string;
  /** RSQL, as in a rollout; `version` and `counter` are those of `component`. */
  readonly filter?: string;
  readonly component?: string;
  /** `any`: whichever it is. */
  readonly alarm?: DeviceAlarm['alarm'] | 'any';
  readonly revoked?: boolean;
  /** Not heard of since; for a device that never checked in, its enrolment counts. */
  readonly seenBefore?: Date;
  readonly seenAfter?: Date;
}

/** By id. @throws ServerError filter-invalid */
export async function listDevices(
  db: Db,
  choice: DeviceChoice & { readonly now: Date },
  after: string,
  limit: number,
): Promise<DeviceView[]> {
  const { product, hardware, channel, filter, component, alarm, revoked, seenBefore, seenAfter, now } = choice;
  let query = db.selectFrom('devices').selectAll().where('id', '>', after).orderBy('id').limit(limit);
  if (product !== undefined) query = query.where('product', '=', product);
  if (hardware !== undefined) query = query.where('hardware', '=', hardware);
  if (channel !== undefined) query = query.where('channel', '=', channel);
  if (alarm === 'any') query = query.where(sql<SqlBool>`coalesce(clone_alarm_at, token_alarm_at) is not null`);
  else if (alarm !== undefined) query = query.where(ALARM_COLUMNS[alarm], 'is not', null);
  if (revoked !== undefined) query = query.where('revoked_at', revoked ? 'is not' : 'is', null);
  if (seenBefore !== undefined) query = query.where(sql<SqlBool>`coalesce(last_seen_at, enrolled_at) < ${seenBefore}`);
  if (seenAfter !== undefined) query = query.where('last_seen_at', '>=', seenAfter);
  if (filter !== undefined) query = query.where(filterCondition(filter, { component, now }));
  return (await query.execute()).map(deviceView);
}

export async function findDeviceView(db: Db, id: string): Promise<DeviceView | undefined> {
  const row = await db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();
  return row && deviceView(row);
}

/** By id; those that are gone are left out. */
export async function devicesByIds(db: Db, ids: readonly string[]): Promise<DeviceView[]> {
  if (ids.length === 0) return [];
  return (await db.selectFrom('devices').selectAll().where('id', 'in', ids).orderBy('id').execute()).map(deviceView);
}

function deviceView(row: Selectable<DevicesTable>): DeviceView {
  return {
    id: row.id,
    product: row.product,
    hardware: row.hardware,
    channel: row.channel,
    components: row.components,
    attributes: row.attributes,
    tags: row.tags,
    group: row.group_name,
    canary: row.canary,
    enrolledAt: row.enrolled_at.toISOString(),
    enrolledBy: row.enrolled_by,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    alarms: alarmsOf(row),
  };
}

function alarmsOf(row: Selectable<DevicesTable>): DeviceView['alarms'] {
  return DEVICE_ALARMS.flatMap(alarm => {
    const at = row[ALARM_COLUMNS[alarm]];
    return at ? [{ alarm, at: at.toISOString() }] : [];
  });
}

/** The device's newest first. */
export async function listReports(db: Db, deviceId: string, limit: number): Promise<ReportView[]> {
  const rows = await db
    .selectFrom('reports')
    .selectAll()
    .where('device_id', '=', deviceId)
    .orderBy('received_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(r => ({
    deviceId: r.device_id,
    rolloutId: r.rollout_id,
    target: r.target,
    state: r.state,
    code: r.code,
    detail: r.detail,
    receivedAt: r.received_at.toISOString(),
  }));
}
