/** Public keys that the manufacturer registered: what may enrol by itself. Known by the SHA-256 of their one encoding. */
import { hash } from 'node:crypto';
import type { DeviceKeyView } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

export interface KeyToRegister {
  readonly product: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly label: string | null;
}

/** What became of a key: `taken` by the product named, as a registered key or as a device that enrolled otherwise. */
export type Registration =
  | { readonly outcome: 'added' | 'unchanged' }
  | { readonly outcome: 'taken'; readonly product: string }
  | { readonly outcome: 'other-label'; readonly label: string | null };

export async function findRegisteredKey(db: Db, publicKey: Buffer): Promise<{ product: string } | undefined> {
  return await db
    .selectFrom('device_keys')
    .select('product')
    .where('sha256', '=', keyHash(publicKey))
    .executeTakeFirst();
}

/**
 * Adds those that are new, in one statement, in the order of their hashes: two uploads at once never wait for each
 * other in a ring.
 * @param keys no key twice.
 * @returns what became of each, in their order
 */
export async function registerKeys(db: Db, keys: readonly KeyToRegister[], now: Date): Promise<Registration[]> {
  const hashes = keys.map(k => keyHash(k.publicKey));
  const { rows: taken } = await sql<{ sha256: string; product: string }>`
    select k.sha256, devices.product from unnest(
      ${hashes}::text[], ${keys.map(k => k.publicKey)}::bytea[], ${keys.map(k => k.product)}::text[]
    ) as k (sha256, public_key, product)
    join devices on devices.public_key = k.public_key and devices.product <> k.product`.execute(db);
  const takenBy = new Map(taken.map(row => [row.sha256, row.product]));
  const free = keys.filter((_, i) => !takenBy.has(hashes[i] ?? ''));
  const { rows: added } = await sql<{ sha256: string }>`
    insert into device_keys (sha256, public_key, product, label, added_at)
    select *, ${now}::timestamptz from unnest(
      ${free.map(k => keyHash(k.publicKey))}::text[], ${free.map(k => k.publicKey)}::bytea[],
      ${free.map(k => k.product)}::text[], ${free.map(k => k.label)}::text[]
    ) order by 1
    on conflict do nothing returning sha256`.execute(db);
  const isNew = new Set(added.map(row => row.sha256));
  const known = await db
    .selectFrom('device_keys')
    .select(['sha256', 'product', 'label'])
    .where('sha256', 'in', hashes)
    .execute();
  const byHash = new Map(known.map(row => [row.sha256, row]));
  return keys.map(({ product, label }, i) => {
    const sha256 = hashes[i] ?? '';
    const owner = takenBy.get(sha256) ?? byHash.get(sha256)?.product;
    if (isNew.has(sha256)) return { outcome: 'added' };
    if (owner !== undefined && owner !== product) return { outcome: 'taken', product: owner };
    const before = byHash.get(sha256)?.label ?? null;
    return label === null || label === before ? { outcome: 'unchanged' } : { outcome: 'other-label', label: before };
  });
}

/** By hash. */
export async function listRegisteredKeys(
  db: Db,
  product: string | undefined,
  after: string,
  limit: number,
): Promise<DeviceKeyView[]> {
  let query = db
    .selectFrom('device_keys')
    .leftJoin('devices', 'devices.public_key', 'device_keys.public_key')
    .select(['device_keys.product', 'device_keys.sha256', 'device_keys.label', 'device_keys.added_at', 'devices.id'])
    .where('device_keys.sha256', '>', after)
    .orderBy('device_keys.sha256')
    .limit(limit);
  if (product !== undefined) query = query.where('device_keys.product', '=', product);
  return (await query.execute()).map(row => ({
    product: row.product,
    sha256: row.sha256,
    label: row.label,
    addedAt: row.added_at.toISOString(),
    deviceId: row.id,
  }));
}

/** Takes a key back before a device has enrolled by it. */
export async function removeRegisteredKey(db: Db, sha256: string): Promise<'removed' | 'unknown' | 'enrolled'> {
  return await db.transaction().execute(async tx => {
    const found = await tx
      .selectFrom('device_keys')
      .leftJoin('devices', 'devices.public_key', 'device_keys.public_key')
      .select('devices.id')
      .where('device_keys.sha256', '=', sha256)
      .forUpdate('device_keys')
      .executeTakeFirst();
    if (!found) return 'unknown';
    if (found.id !== null) return 'enrolled';
    await tx.deleteFrom('device_keys').where('sha256', '=', sha256).execute();
    return 'removed';
  });
}

function keyHash(publicKey: Buffer): string {
  return hash('sha256', publicKey, 'hex');
}
