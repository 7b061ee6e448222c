/** Products, claim tokens, and devices as operators see them. */
import { DEVICE_ALARMS, type DeviceView, type ProductView, type ReportView } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { DevicesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';

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

export async function insertClaimTokens(
  db: Db,
  product: string,
  tokenHashes: readonly Buffer[],
  expiresAt: Date,
  now: Date,
): Promise<void> {
  await db
    .insertInto('claim_tokens')
    .values(tokenHashes.map(token_hash => ({ token_hash, product, expires_at: expiresAt, created_at: now })))
    .execute();
}

export async function listDevices(
  db: Db,
  { product, after, limit }: { product: string | undefined; after: string; limit: number },
): Promise<DeviceView[]> {
  let query = db.selectFrom('devices').selectAll().where('id', '>', after).orderBy('id').limit(limit);
  if (product !== undefined) query = query.where('product', '=', product);
  return (await query.execute()).map(deviceView);
}

export async function findDeviceView(db: Db, id: string): Promise<DeviceView | undefined> {
  const row = await db.selectFrom('devices').selectAll().where('id', '=', id).executeTakeFirst();
  return row && deviceView(row);
}

function deviceView(row: Selectable<DevicesTable>): DeviceView {
  return {
    id: row.id,
    product: row.product,
    hardware: row.hardware,
    channel: row.channel,
    components: row.components,
    attributes: row.attributes,
    enrolledAt: row.enrolled_at.toISOString(),
    enrolledBy: row.enrolled_by,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    alarms: alarmsOf(row),
  };
}

function alarmsOf({ clone_alarm_at, token_alarm_at }: Selectable<DevicesTable>): DeviceView['alarms'] {
  const raised = { clone: clone_alarm_at, 'claim-token-used': token_alarm_at };
  return DEVICE_ALARMS.flatMap(alarm => {
    const at = raised[alarm];
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
