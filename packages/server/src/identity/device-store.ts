/** Devices, claim tokens and used nonces in the database. Tokens are looked up by their hash: none is stored in clear. */
import type { Enrolment } from '@tidegate/protocol';
import type { Selectable } from 'kysely';
import type { DevicesTable } from '../db/schema.ts';
import type { Db } from '../deps.ts';

export interface KnownDevice {
  readonly id: string;
  readonly product: string;
  readonly publicKey: Buffer;
  readonly revoked: boolean;
}

export interface ClaimToken {
  readonly product: string;
  readonly expiresAt: Date;
  readonly deviceId: string | null;
  readonly group: string | null;
}

/** Locks the token's row until the transaction ends: of two enrolments at once, the second sees the first's result. */
export async function lockClaimToken(tx: Db, tokenHash: Buffer): Promise<ClaimToken | undefined> {
  const row = await tx
    .selectFrom('claim_tokens')
    .select(['product', 'expires_at', 'device_id', 'group_name'])
    .where('token_hash', '=', tokenHash)
    .forUpdate()
    .executeTakeFirst();
  return row && { product: row.product, expiresAt: row.expires_at, deviceId: row.device_id, group: row.group_name };
}

export async function useClaimToken(tx: Db, tokenHash: Buffer, deviceId: string, now: Date): Promise<void> {
  await tx
    .updateTable('claim_tokens')
    .set({ device_id: deviceId, used_at: now })
    .where('token_hash', '=', tokenHash)
    .execute();
}

/** False where another device has that key. */
export async function insertDevice(
  tx: Db,
  device: {
    readonly id: string;
    readonly product: string;
    readonly publicKey: Buffer;
    readonly enrolledAt: Date;
    readonly enrolledBy: Enrolment;
    readonly group?: string | null;
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('devices')
    .values({
      id: device.id,
      product: device.product,
      public_key: device.publicKey,
      components: '[]',
      attributes: '{}',
      enrolled_at: device.enrolledAt,
      enrolled_by: device.enrolledBy,
      group_name: device.group ?? null,
    })
    .onConflict(oc => oc.column('public_key').doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findDevice(db: Db, id: string): Promise<KnownDevice | undefined> {
  const row = await db
    .selectFrom('devices')
    .select(['id', 'product', 'public_key', 'revoked_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row && knownDevice(row);
}

function knownDevice(row: Pick<Selectable<DevicesTable>, 'id' | 'product' | 'public_key' | 'revoked_at'>): KnownDevice {
  return { id: row.id, product: row.product, publicKey: row.public_key, revoked: row.revoked_at !== null };
}

/** False where it was used before. */
export async function useNonce(db: Db, nonceHash: Buffer, expiresAt: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('used_nonces')
    .values({ nonce_hash: nonceHash, expires_at: expiresAt })
    .onConflict(oc => oc.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findDeviceByKey(db: Db, publicKey: Buffer): Promise<KnownDevice | undefined> {
  const row = await db
    .selectFrom('devices')
    .select(['id', 'product', 'public_key', 'revoked_at'])
    .where('public_key', '=', publicKey)
    .executeTakeFirst();
  return row && knownDevice(row);
}

/** A device that was revoked before keeps its time. */
export async function revokeDevice(db: Db, id: string, now: Date): Promise<void> {
  await db
    .updateTable('devices')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
}

export async function devicesRevokedSince(db: Db, since: Date): Promise<string[]> {
  const rows = await db.selectFrom('devices').select('id').where('revoked_at', '>=', since).execute();
  return rows.map(r => r.id);
}
