/**
 * What is published: the metadata files, the one row that says which set is served, the targets and releases.
 * Everything that changes it does so in the transaction that holds `lockPublishing`.
 */
import { HOLD_FILE, HOLD_PRODUCT, selfOfferAtMs } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db } from '../deps.ts';
import type { VersionedRelease } from './verify-counters.ts';
import type { SoundTarget } from './verify-targets.ts';

const LOCK = 0x71de_0002;

/** One commit at a time, over all processes, until the transaction ends. */
export async function lockPublishing(tx: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK}::bigint)`.execute(tx);
}

/** The newest root that this server trusts; undefined before one was given. */
export async function trustedRoot(db: Db): Promise<{ file: string; bytes: Buffer } | undefined> {
  return await db
    .selectFrom('metadata_files')
    .select(['file', 'bytes'])
    .where('file', 'like', '%.root.json')
    .orderBy(sql`split_part(file, '.', 1)::bigint`, 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function currentTimestamp(db: Db): Promise<Buffer | undefined> {
  return (await db.selectFrom('current_metadata').select('timestamp_bytes').executeTakeFirst())?.timestamp_bytes;
}

export async function metadataFile(db: Db, file: string): Promise<Buffer | undefined> {
  return (await publishedFiles(db, [file])).get(file);
}

export async function publishedFiles(db: Db, files: readonly string[]): Promise<Map<string, Buffer>> {
  const rows = await db
    .selectFrom('metadata_files')
    .select(['file', 'bytes'])
    .where('file', '=', sql<string>`any(${[...files]})`)
    .execute();
  return new Map(rows.map(r => [r.file, r.bytes]));
}

/** Never replaces bytes: a name that exists keeps what it has. */
export async function insertMetadataFiles(tx: Db, files: ReadonlyMap<string, Buffer>, now: Date): Promise<void> {
  const values = [...files].map(([file, bytes]) => ({ file, bytes, published_at: now }));
  if (values.length > 0) await tx.insertInto('metadata_files').values(values).execute();
}

export async function switchCurrent(
  tx: Db,
  set: { timestampVersion: number; snapshotVersion: number; rootVersion: number; timestampBytes: Buffer },
  now: Date,
): Promise<void> {
  const row = {
    timestamp_version: set.timestampVersion,
    snapshot_version: set.snapshotVersion,
    root_version: set.rootVersion,
    timestamp_bytes: set.timestampBytes,
    published_at: now,
  };
  await tx
    .insertInto('current_metadata')
    .values(row)
    .onConflict(oc => oc.column('only_row').doUpdateSet(row))
    .execute();
}

export async function knownHashes(db: Db, paths: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('targets')
    .select(['path', 'sha256'])
    .where('path', '=', sql<string>`any(${[...paths]})`)
    .execute();
  return new Map(rows.map(r => [r.path, r.sha256]));
}

export async function knownReleases(db: Db, products: readonly string[]): Promise<VersionedRelease[]> {
  return await db
    .selectFrom('releases')
    .select(['product', 'component', 'version', 'counter'])
    .where('product', '=', sql<string>`any(${[...products]})`)
    .execute();
}

/**
 * Lists what is signed now: new paths are added, releases come, come back, or are marked withdrawn or held; what stands in
 * a list that does not hold any more stays as it is. Returns the new paths.
 */
export async function listTargets(
  tx: Db,
  { signed, stale }: { readonly signed: readonly SoundTarget[]; readonly stale: readonly string[] },
  now: Date,
): Promise<string[]> {
  const listed = signed.map(t => t.path);
  const known = await knownHashes(tx, listed);
  const added = signed.filter(t => !known.has(t.path));
  for (const target of added) await insertTarget(tx, target, now);
  await tx
    .updateTable('releases')
    .set({ withdrawn_at: now })
    .where('withdrawn_at', 'is', null)
    .where('target', '<>', sql<string>`all(${[...listed, ...stale]})`)
    .execute();
  await tx
    .updateTable('releases')
    .set({ withdrawn_at: null })
    .where('withdrawn_at', 'is not', null)
    .where('target', '=', sql<string>`any(${listed})`)
    .execute();
  await markHeld(tx, [...listed, ...stale], now);
  await noteSelfOffers(tx, signed);
  return added.map(t => t.path);
}

async function markHeld(tx: Db, listed: readonly string[], now: Date): Promise<void> {
  const hold = sql<string>`${HOLD_PRODUCT} || '/' || product || '/' || component || '/' || version || '/' || ${HOLD_FILE}`;
  const isHeld = sql<boolean>`${hold} = any(${[...listed]})`;
  await tx
    .updateTable('releases')
    .set({ held_at: sql<Date | null>`case when ${isHeld} then ${now}::timestamptz end` })
    .where(sql<boolean>`${isHeld} <> (held_at is not null)`)
    .execute();
}

/** As described now: a release that was withdrawn and comes back may say another time. */
async function noteSelfOffers(tx: Db, signed: readonly SoundTarget[]): Promise<void> {
  const times = signed.flatMap(({ path, release }) => {
    const atMs = release && selfOfferAtMs(release.firmware);
    return release ? [{ path, at: atMs === undefined ? null : new Date(atMs) }] : [];
  });
  const [paths, ats] = [times.map(t => t.path), times.map(t => t.at)];
  await sql`
    update releases set self_offer_at = said.at
    from unnest(${paths}::text[], ${ats}::timestamptz[]) as said (path, at)
    where target = said.path and self_offer_at is distinct from said.at`.execute(tx);
}

async function insertTarget(tx: Db, { path, sha256, lengthBytes, release }: SoundTarget, now: Date): Promise<void> {
  await tx.insertInto('targets').values({ path, sha256, length_bytes: lengthBytes, published_at: now }).execute();
  if (!release) return;
  const { at, firmware } = release;
  await tx
    .insertInto('releases')
    .values({
      target: path,
      product: at.product,
      channel: at.channel,
      component: at.component,
      version: firmware.version,
      counter: firmware.counter,
      min_from_counter: firmware.minFromCounter ?? null,
      class: firmware.class,
      hardware: firmware.hardware,
      sha256,
      length_bytes: lengthBytes,
      published_at: now,
    })
    .execute();
}
