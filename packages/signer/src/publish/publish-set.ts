/** What is to be published: every file that a device can be led to from the current timestamp, in the order of upload. */
import { SignerError } from '../signer-error.ts';
import type { Artifact } from '../store/artifact.ts';
import { readList, type Store, type Stored, versionsOf } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseRoot, parseSnapshot, parseTargets, parseTimestamp } from '../tuf/parse.ts';
import { metadataFile } from '../tuf/role.ts';

interface MetadataBytes {
  readonly file: string;
  readonly bytes: Buffer;
}

export interface PublishSet {
  readonly artifacts: readonly Artifact[];
  /** Roots, roles, snapshot, and the timestamp last: until it has arrived, nothing that is there can be seen. */
  readonly metadata: readonly MetadataBytes[];
  readonly timestamp: MetadataBytes;
  /** That of delegations and all below it. */
  readonly lists: readonly Stored<TargetsSigned>[];
  /** Version of each role's list in the set. */
  readonly versions: Readonly<Record<string, number>>;
}

/** @throws SignerError `role-unsigned`, `metadata-invalid` */
export async function publishSet(store: Store): Promise<PublishSet> {
  const timestamp = await readList(store, 'timestamp', 'timestamp.json', parseTimestamp);
  if (!timestamp)
    throw new SignerError('role-unsigned', 'There is no timestamp yet. Make it with "tidegate-signer refresh".');
  const snapshotFile = metadataFile('snapshot', timestamp.signed.meta['snapshot.json'].version);
  const snapshot = present(await readList(store, 'snapshot', snapshotFile, parseSnapshot), snapshotFile);

  const roots: MetadataBytes[] = [];
  for (const version of await versionsOf(store, 'root')) {
    const file = metadataFile('root', version);
    roots.push(present(await readList(store, 'root', file, parseRoot), file));
  }
  const lists: Stored<TargetsSigned>[] = [];
  for (const [name, { version }] of Object.entries(snapshot.signed.meta)) {
    const role = name.slice(0, -'.json'.length);
    const file = metadataFile(role, version);
    lists.push(present(await readList(store, role, file, parseTargets), file));
  }
  const artifacts = lists
    .flatMap(list => Object.values(list.signed.targets))
    .map(({ hashes, length }): [string, Artifact] => [hashes.sha256, { sha256: hashes.sha256, lengthBytes: length }]);
  return {
    artifacts: [...new Map(artifacts).values()],
    metadata: [...roots, ...lists, snapshot, timestamp],
    timestamp,
    lists,
    versions: {
      root: Number.parseInt(roots.at(-1)?.file ?? '1', 10),
      ...Object.fromEntries(
        Object.entries(snapshot.signed.meta).map(([name, { version }]) => [name.slice(0, -'.json'.length), version]),
      ),
      snapshot: snapshot.signed.version,
      timestamp: timestamp.signed.version,
    },
  };
}

function present<T>(value: T | undefined, file: string): T {
  if (value !== undefined) return value;
  throw new SignerError('metadata-invalid', `metadata/${file} is named by the newer lists, but it is not there.`);
}
