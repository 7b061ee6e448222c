/** Publications while they are being filled, and the artifacts that have arrived. */
import { sql } from 'kysely';
import type { Db } from '../deps.ts';

export interface PublicationRow {
  readonly id: string;
  readonly state: 'open' | 'committed';
  /** Of a committed one. */
  readonly timestampVersion: number | null;
  readonly newTargets: readonly string[];
}

const ARTIFACTS_TOLD = 10_000;

/** The publication of that key, new where there is none: asking twice opens one. */
export async function openPublication(db: Db, id: string, key: string, now: Date): Promise<PublicationRow> {
  await db
    .insertInto('publications')
    .values({ id, idempotency_key: key, state: 'open', created_at: now })
    .onConflict(oc => oc.column('idempotency_key').doNothing())
    .execute();
  return row(await publications(db).where('idempotency_key', '=', key).executeTakeFirstOrThrow());
}

export async function findPublication(db: Db, id: string): Promise<PublicationRow | undefined> {
  const found = await publications(db).where('id', '=', id).executeTakeFirst();
  return found && row(found);
}

function publications(db: Db) {
  return db.selectFrom('publications').select(['id', 'state', 'timestamp_version', 'new_targets']);
}

function row(r: Awaited<ReturnType<ReturnType<typeof publications>['executeTakeFirstOrThrow']>>): PublicationRow {
  return { id: r.id, state: r.state, timestampVersion: r.timestamp_version, newTargets: r.new_targets };
}

export async function putMetadata(db: Db, id: string, file: string, bytes: Buffer): Promise<void> {
  await db
    .insertInto('publication_metadata')
    .values({ publication_id: id, file, bytes })
    .onConflict(oc => oc.columns(['publication_id', 'file']).doUpdateSet({ bytes }))
    .execute();
}

export async function metadataNames(db: Db, id: string): Promise<string[]> {
  const rows = await db.selectFrom('publication_metadata').select('file').where('publication_id', '=', id).execute();
  return rows.map(r => r.file);
}

export async function submittedMetadata(db: Db, id: string): Promise<Map<string, Buffer>> {
  const rows = await db
    .selectFrom('publication_metadata')
    .select(['file', 'bytes'])
    .where('publication_id', '=', id)
    .execute();
  return new Map(rows.map(r => [r.file, r.bytes]));
}

/** Its uploads are not needed any more: what was verified stands in metadata_files. */
export async function markCommitted(
  tx: Db,
  id: string,
  answer: { timestampVersion: number; newTargets: string[] },
  now: Date,
): Promise<void> {
  await tx
    .updateTable('publications')
    .set({
      state: 'committed',
      committed_at: now,
      timestamp_version: answer.timestampVersion,
      new_targets: answer.newTargets,
    })
    .where('id', '=', id)
    .execute();
  await tx.deleteFrom('publication_metadata').where('publication_id', '=', id).execute();
}

export async function recordArtifact(db: Db, sha256: string, lengthBytes: number, now: Date): Promise<void> {
  await db
    .insertInto('artifacts')
    .values({ sha256, length_bytes: lengthBytes, stored_at: now })
    .onConflict(oc => oc.doNothing())
    .execute();
}

export async function hasArtifact(db: Db, sha256: string): Promise<boolean> {
  return (await artifactLengths(db, [sha256])).size > 0;
}

export async function artifactLengths(db: Db, hashes: readonly string[]): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('artifacts')
    .select(['sha256', 'length_bytes'])
    .where('sha256', '=', sql<string>`any(${[...hashes]})`)
    .execute();
  return new Map(rows.map(r => [r.sha256, r.length_bytes]));
}

/** The newest: more than one publication could ever need. */
export async function newestArtifacts(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('artifacts')
    .select('sha256')
    .orderBy('stored_at', 'desc')
    .limit(ARTIFACTS_TOLD)
    .execute();
  return rows.map(r => r.sha256);
}
