/**
 * The switch: a publication is verified and becomes visible in one transaction, or changes nothing. Commits come one at
 * a time, so that each is judged against the set that it replaces.
 */
import type { CommitAnswer } from '@tidegate/protocol';
import { sql } from 'kysely';
import type { Db, Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { artifactLengths, findPublication, markCommitted, submittedMetadata } from './publication-store.ts';
import {
  currentTimestamp,
  insertMetadataFiles,
  knownHashes,
  knownReleases,
  listTargets,
  lockPublishing,
  publishedFiles,
  switchCurrent,
  trustedRoot,
} from './published-store.ts';
import { readMetadata } from './read-metadata.ts';
import type { SignedTarget } from './verify-roles.ts';
import { verifySet, type VerifiedSet } from './verify-set.ts';
import { type SoundTarget, verifyTargets } from './verify-targets.ts';

/** Throws ServerError: not-found, metadata-invalid, publication-incomplete, version-conflict; then nothing has changed. */
export async function commitPublication({ db, clock, log }: Deps, id: string): Promise<CommitAnswer> {
  return await db.transaction().execute(async tx => {
    await lockPublishing(tx);
    const publication = await findPublication(tx, id);
    if (!publication) throw new ServerError('not-found', 'there is no such publication');
    if (publication.timestampVersion !== null) {
      return { id, timestampVersion: publication.timestampVersion, newTargets: [...publication.newTargets] };
    }
    const now = clock.now();
    const set = await verifiedSet(tx, id, now);
    const targets = await verifiedTargets(tx, set.targets);
    await insertMetadataFiles(tx, set.files, now);
    const newTargets = await listTargets(tx, { signed: targets, stale: set.stale }, now);
    await switchCurrent(tx, set, now);
    const answer = { timestampVersion: set.timestampVersion, newTargets };
    await markCommitted(tx, id, answer, now);
    await sql`notify tidegate_rollouts`.execute(tx);
    log.info({ publication: id, ...answer }, 'a publication is visible now');
    return { id, ...answer };
  });
}

async function verifiedSet(tx: Db, id: string, now: Date): Promise<VerifiedSet> {
  const root = await trustedRoot(tx);
  if (!root) throw new ServerError('internal', 'this server was given no trusted root');
  const submitted = await submittedMetadata(tx, id);
  const timestamp = await currentTimestamp(tx);
  const names = [root.file, ...submitted.keys(), ...(timestamp ? await currentFiles(tx, timestamp) : [])];
  const published = await publishedFiles(tx, names);
  return verifySet({ trustedRoot: root, currentTimestamp: timestamp, published, submitted, now });
}

/** The names of the files of the set that is served now. */
async function currentFiles(tx: Db, timestamp: Buffer): Promise<string[]> {
  const { version } = readMetadata('timestamp', 'timestamp.json', timestamp).signed.snapshotMeta;
  const file = `${version}.snapshot.json`;
  const bytes = (await publishedFiles(tx, [file])).get(file);
  if (!bytes) throw new ServerError('internal', `${file} is served, but not stored`);
  const { meta } = readMetadata('snapshot', file, bytes).signed;
  return [file, ...Object.entries(meta).map(([role, m]) => `${m.version}.${role}`)];
}

async function verifiedTargets(tx: Db, targets: readonly SignedTarget[]): Promise<SoundTarget[]> {
  const hashes = targets.flatMap(t => t.target.hashes['sha256'] ?? []);
  const products = [...new Set(targets.map(t => t.path.slice(0, t.path.indexOf('/'))))];
  return verifyTargets(targets, {
    hashes: await knownHashes(
      tx,
      targets.map(t => t.path),
    ),
    artifacts: await artifactLengths(tx, hashes),
    releases: await knownReleases(tx, products),
  });
}
