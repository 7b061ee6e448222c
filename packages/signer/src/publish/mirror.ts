/**
 * Lays the signed repository out as a folder for any file server: devices read it as they read an update server. Verified
 * with a device's eyes first; artifacts before lists, the timestamp last, each whole or not at all: who reads meanwhile,
 * or after a crash, sees the state before or the one after. What older lists name stays for devices that still fetch it.
 */
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentPath, LIMITS, METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { type Clock, instant } from '../clock.ts';
import { stoppedIn } from '../edit/named-lists.ts';
import { SignerError } from '../signer-error.ts';
import { type Artifact, artifactPath, checkArtifact } from '../store/artifact.ts';
import { asideOf, readBounded, syncFolder, writeDurably } from '../store/durable-file.ts';
import { notePublished } from '../store/published.ts';
import { inRoom } from '../store/room.ts';
import type { Store } from '../store/store.ts';
import { parseTimestamp } from '../tuf/parse.ts';
import { verifyRepository } from '../verify/verify.ts';
import { firstRoot } from './first-root.ts';
import { publishSet } from './publish-set.ts';

export interface MirrorRequest {
  readonly folder: string;
  /** The root that devices start from; the repository's first unless given. */
  readonly trustedRoot?: Uint8Array | undefined;
}

export interface MirrorResult {
  readonly timestampVersion: number;
  /** Paths of targets whose bytes were not there before. */
  readonly newTargets: readonly string[];
}

/**
 * @throws SignerError those of `publishSet` and `verifyRepository`; `artifact-missing`, `disk-full`,
 *   `publication-conflict` where newer lists lie there
 */
export async function mirror(store: Store, now: Clock, request: MirrorRequest): Promise<MirrorResult> {
  const root = request.trustedRoot ?? (await firstRoot(store));
  const set = await publishSet(store);
  await verifyRepository({ source: store.dir, root, now, without: stoppedIn(set.lists, now()) });
  const timestampVersion = set.versions['timestamp'] ?? 0;
  const lists = join(request.folder, METADATA_BASE);
  await refuseOlder(join(lists, 'timestamp.json'), timestampVersion);

  const newTargets: string[] = [];
  for (const [path, { hashes, length }] of set.lists.flatMap(list => Object.entries(list.signed.targets))) {
    const artifact = { sha256: hashes.sha256, lengthBytes: length };
    const place = join(request.folder, TARGETS_BASE, contentPath(path, hashes.sha256));
    if (await putArtifact(store, artifact, place)) newTargets.push(path);
  }
  await mkdir(lists, { recursive: true });
  for (const { file, bytes } of set.metadata) await writeDurably(join(lists, file), bytes);
  await notePublished(store, { at: instant(now()), versions: set.versions });
  return { timestampVersion, newTargets };
}

/** Devices would refuse it: somebody else has gone on from a newer working copy. */
async function refuseOlder(timestampFile: string, version: number): Promise<void> {
  const bytes = await readBounded(timestampFile, LIMITS.timestampBytes);
  const there = bytes && parseTimestamp(bytes, 'timestamp.json').signed.version;
  if (there === undefined || there <= version) return;
  throw new SignerError(
    'publication-conflict',
    `${timestampFile} is version ${there}, newer than ${version} of this repository. Bring this one up to date first.`,
  );
}

/** @returns false where it lies there already: its name holds its hash, and it came there whole */
async function putArtifact(store: Store, artifact: Artifact, place: string): Promise<boolean> {
  const size = await stat(place).then(
    s => s.size,
    () => undefined,
  );
  if (size === artifact.lengthBytes) return false;
  await checkArtifact(store, artifact);
  const folder = dirname(place);
  const aside = asideOf(place);
  await mkdir(folder, { recursive: true });
  try {
    await inRoom(folder, artifact.lengthBytes, () => copyFile(artifactPath(store, artifact.sha256), aside));
    await flush(aside);
    await rename(aside, place);
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(folder);
  return true;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
