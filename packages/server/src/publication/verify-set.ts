/**
 * Whether a set of signed metadata may replace the published one: everything that a TUF client checks on its walk, and
 * every role that the snapshot names, not only the one that a single device would visit. Pure: bytes and time in, a
 * verdict out. The server holds no key that devices trust; this only keeps what is broken from reaching them.
 */
import { LIMITS, ROLE_PATTERN } from '@tidegate/protocol';
import type { Metadata, Root, Snapshot } from '@tufjs/models';
import { ServerError } from '../server-error.ts';
import { type MetadataFiles, metadataFiles } from './metadata-files.ts';
import {
  invalid,
  isSigned,
  mustBeSigned,
  mustHaveVersion,
  mustMatch,
  mustNotBeExpired,
  readMetadata,
} from './read-metadata.ts';
import { type SignedTarget, verifyRoles } from './verify-roles.ts';

export interface SetInput {
  /** The newest root that the server trusts. */
  readonly trustedRoot: { readonly file: string; readonly bytes: Buffer };
  /** The timestamp that is served now; undefined before the first publication. */
  readonly currentTimestamp: Buffer | undefined;
  /** Published files: those of the current set, and those that bear a submitted name. */
  readonly published: ReadonlyMap<string, Buffer>;
  readonly submitted: ReadonlyMap<string, Buffer>;
  readonly now: Date;
}

export interface VerifiedSet {
  readonly rootVersion: number;
  readonly snapshotVersion: number;
  readonly timestampVersion: number;
  readonly timestampBytes: Buffer;
  /** Versioned files to publish, by name. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly targets: readonly SignedTarget[];
  /** Paths in lists that do not hold any more: neither signed now nor withdrawn. */
  readonly stale: readonly string[];
}

const TIMESTAMP = 'timestamp.json';
const rolePattern = new RegExp(ROLE_PATTERN);

/** Throws ServerError: metadata-invalid, publication-incomplete, version-conflict; its text names the file and the check. */
export function verifySet(input: SetInput): VerifiedSet {
  const files = metadataFiles(input.published, input.submitted);
  const root = walkRoots(input, files);
  const timestamp = verifyTimestamp(input, root);
  const snapshot = verifySnapshot(input, files, root, timestamp);
  const { targets, stale } = verifyRoles(files, root, snapshot, { now: input.now, served: servedFiles(input) });
  return {
    rootVersion: root.signed.version,
    snapshotVersion: snapshot.signed.version,
    timestampVersion: timestamp.signed.version,
    timestampBytes: submittedTimestamp(input),
    files: files.fresh(),
    targets,
    stale,
  };
}

/** TUF 5.3: from the trusted root, one version at a time, each signed by the one before and by itself. */
function walkRoots({ trustedRoot, submitted, now }: SetInput, files: MetadataFiles): Metadata<Root> {
  let root = readMetadata('root', trustedRoot.file, trustedRoot.bytes);
  let file = trustedRoot.file;
  for (;;) {
    const version: number = root.signed.version + 1;
    const next = `${version}.root.json`;
    if (!files.has(next)) break;
    const candidate: Metadata<Root> = readMetadata('root', next, files.read(next));
    mustBeSigned(root, 'root', next, candidate);
    mustBeSigned(candidate, 'root', next, candidate);
    mustHaveVersion(next, candidate, version);
    [root, file] = [candidate, next];
  }
  for (const name of [...submitted.keys()].filter(f => f.endsWith('.root.json'))) {
    if (Number.parseInt(name, 10) > root.signed.version) throw invalid(name, `a root before it is missing`);
    files.read(name); // an older one: it must be the one that is published
  }
  if (!root.signed.consistentSnapshot) throw invalid(file, 'does not ask for consistent snapshots');
  mustNotBeExpired(file, root, now);
  return root;
}

/** TUF 5.4. A current timestamp whose key was rotated away no longer binds (TUF 5.3.11). */
function verifyTimestamp(input: SetInput, root: Metadata<Root>) {
  const bytes = submittedTimestamp(input);
  const timestamp = readMetadata('timestamp', TIMESTAMP, bytes);
  mustBeSigned(root, 'timestamp', TIMESTAMP, timestamp);
  const current = input.currentTimestamp && readMetadata('timestamp', TIMESTAMP, input.currentTimestamp);
  if (current && isSigned(root, 'timestamp', current) && !input.currentTimestamp?.equals(bytes)) {
    const [before, now] = [current.signed.version, timestamp.signed.version];
    if (now <= before) {
      throw new ServerError(
        'version-conflict',
        `${TIMESTAMP}: version ${now} does not follow version ${before}, which is published`,
      );
    }
  }
  mustNotBeExpired(TIMESTAMP, timestamp, input.now);
  return timestamp;
}

function submittedTimestamp({ submitted }: SetInput): Buffer {
  const bytes = submitted.get(TIMESTAMP);
  if (!bytes) throw new ServerError('publication-incomplete', `${TIMESTAMP}: is not submitted`);
  return bytes;
}

/** TUF 5.5: the one that the timestamp names; no role's version falls and no role is lost (5.5.5). */
function verifySnapshot(
  input: SetInput,
  files: MetadataFiles,
  root: Metadata<Root>,
  timestamp: ReturnType<typeof verifyTimestamp>,
): Metadata<Snapshot> {
  const { snapshotMeta } = timestamp.signed;
  const file = `${snapshotMeta.version}.snapshot.json`;
  const bytes = files.read(file);
  mustMatch(file, 'timestamp', () => snapshotMeta.verify(bytes));
  const snapshot = readMetadata('snapshot', file, bytes);
  mustBeSigned(root, 'snapshot', file, snapshot);
  mustHaveVersion(file, snapshot, snapshotMeta.version);
  mustNotBeExpired(file, snapshot, input.now);
  const roles = Object.keys(snapshot.signed.meta);
  if (roles.length > LIMITS.rolesPerSnapshot) throw invalid(file, `names more than ${LIMITS.rolesPerSnapshot} roles`);
  const odd = roles.find(r => !r.endsWith('.json') || !rolePattern.test(r.slice(0, -'.json'.length)));
  if (odd !== undefined) throw invalid(file, `names ${JSON.stringify(odd)}, which is not a role's file`);
  const current = currentSnapshot(input, root);
  if (current) mustNotFall(file, current, snapshot);
  return snapshot;
}

/** The published snapshot, unless the keys of timestamp or snapshot were rotated since: then it no longer binds. */
function currentSnapshot(input: SetInput, root: Metadata<Root>): Metadata<Snapshot> | undefined {
  const served = servedSet(input);
  if (!served?.snapshot) return undefined;
  const { timestamp, snapshot } = served;
  return isSigned(root, 'timestamp', timestamp) && isSigned(root, 'snapshot', snapshot) ? snapshot : undefined;
}

/** The names of the role files that devices get now. */
function servedFiles(input: SetInput): ReadonlyMap<string, Buffer> {
  const meta = Object.entries(servedSet(input)?.snapshot?.signed.meta ?? {});
  const files = meta.map(([role, { version }]) => `${version}.${role}`);
  return new Map(
    files.flatMap(file => {
      const bytes = input.published.get(file);
      return bytes ? [[file, bytes] as const] : [];
    }),
  );
}

function servedSet({ currentTimestamp, published }: SetInput) {
  if (!currentTimestamp) return undefined;
  const timestamp = readMetadata('timestamp', TIMESTAMP, currentTimestamp);
  const file = `${timestamp.signed.snapshotMeta.version}.snapshot.json`;
  const bytes = published.get(file);
  return { timestamp, snapshot: bytes && readMetadata('snapshot', file, bytes) };
}

function mustNotFall(file: string, before: Metadata<Snapshot>, now: Metadata<Snapshot>): void {
  if (now.signed.version < before.signed.version) {
    throw invalid(file, `its version is lower than that of the published snapshot (${before.signed.version})`);
  }
  for (const [role, { version }] of Object.entries(before.signed.meta)) {
    const next = now.signed.meta[role];
    if (!next) throw invalid(file, `no longer names ${role}`);
    if (next.version < version) throw invalid(file, `lowers ${role} from version ${version} to ${next.version}`);
  }
}
