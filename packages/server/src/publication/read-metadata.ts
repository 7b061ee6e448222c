/**
 * One metadata file as its bytes say, and the checks that need nothing but the file and who vouches for it.
 * Pure. Every failure is a ServerError that names the file and the check.
 */
import { LIMITS, parseTufKey } from '@tidegate/protocol';
import { type Key, Metadata, MetadataKind, Root, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { ServerError } from '../server-error.ts';

export type Kind = 'root' | 'timestamp' | 'snapshot' | 'targets';
export type Signed = { root: Root; timestamp: Timestamp; snapshot: Snapshot; targets: Targets };

const KINDS = {
  root: { kind: MetadataKind.Root, of: Root, maxBytes: LIMITS.rootBytes },
  timestamp: { kind: MetadataKind.Timestamp, of: Timestamp, maxBytes: LIMITS.timestampBytes },
  snapshot: { kind: MetadataKind.Snapshot, of: Snapshot, maxBytes: LIMITS.snapshotBytes },
  targets: { kind: MetadataKind.Targets, of: Targets, maxBytes: LIMITS.targetsBytes },
} as const;

/** A file as JSON; what is in it the models check. */
type Written = Parameters<typeof Metadata.fromJSON>[1] & { readonly signed: ReturnType<Root['toJSON']> };

export function invalid(file: string, check: string): ServerError {
  return new ServerError('metadata-invalid', `${file}: ${check}`);
}

/** Bytes that a file of that name may have at most; `timestamp.json`, `<n>.root.json`, `<n>.snapshot.json`, or a role's. */
export function maxMetadataBytes(file: string): number {
  if (file === 'timestamp.json') return LIMITS.timestampBytes;
  if (file.endsWith('.root.json')) return LIMITS.rootBytes;
  return file.endsWith('.snapshot.json') ? LIMITS.snapshotBytes : LIMITS.targetsBytes;
}

export function readMetadata<K extends Kind>(kind: K, file: string, bytes: Buffer): Metadata<Signed[K]> {
  const wanted = KINDS[kind];
  if (bytes.length > wanted.maxBytes) throw invalid(file, `is larger than ${wanted.maxBytes} bytes`);
  let metadata: Metadata<Root | Timestamp | Snapshot | Targets>;
  try {
    // The models check the shape of everything that they take in: this is the schema beside the parse.
    const json: Written = JSON.parse(bytes.toString('utf8'));
    metadata = Metadata.fromJSON(wanted.kind as MetadataKind.Root, json);
    // Signatures cover what was read. The models would write it out anew for each, in a time that grows with its square.
    metadata.signed.toJSON = () => json.signed;
  } catch (error) {
    throw new ServerError(
      'metadata-invalid',
      `${file}: cannot be read as ${kind} metadata (${(error as Error).message})`,
      {
        cause: error,
      },
    );
  }
  const { version } = metadata.signed;
  if (!Number.isSafeInteger(version) || version < 1) throw invalid(file, 'its version is not a positive integer');
  return metadata as Metadata<Signed[K]>;
}

/** TUF 5.3.4, 5.4.2, 5.5.3, 5.6.3: the delegator's threshold of signatures, by keys that differ in more than their ids. */
export function mustBeSigned(
  delegator: Metadata<Root | Targets>,
  role: string,
  file: string,
  metadata: Metadata<Root | Timestamp | Snapshot | Targets>,
): void {
  try {
    delegator.verifyDelegate(role, metadata);
  } catch (error) {
    throw new ServerError(
      'metadata-invalid',
      `${file}: its signatures do not reach the threshold (${(error as Error).message})`,
      {
        cause: error,
      },
    );
  }
  const keys = keysOf(delegator, role);
  // tuf-js reads a key in several writings; here each has one, so that equal keys are equal texts.
  if (!keys.every(key => parseTufKey(key.toJSON()).ok)) {
    throw invalid(file, `its role ${role} lists a key that is not written as Ed25519 and P-256 keys are`);
  }
  if (new Set(keys.map(key => key.keyVal['public'])).size < keys.length) {
    throw invalid(file, `its role ${role} lists one key under two ids`);
  }
}

function keysOf({ signed }: Metadata<Root | Targets>, role: string): Key[] {
  const keys = signed instanceof Root ? signed.keys : (signed.delegations?.keys ?? {});
  const ids = signed instanceof Root ? signed.roles[role]?.keyIDs : signed.delegations?.roles?.[role]?.keyIDs;
  return (ids ?? []).flatMap(id => keys[id] ?? []);
}

/** How many keys of the role have signed it. */
export function signerCount(delegator: Metadata<Root | Targets>, role: string, metadata: Metadata<Targets>): number {
  return keysOf(delegator, role).filter(key => {
    try {
      key.verifySignature(metadata);
      return true;
    } catch {
      return false;
    }
  }).length;
}

export function isSigned(
  delegator: Metadata<Root>,
  role: string,
  metadata: Metadata<Root | Timestamp | Snapshot | Targets>,
): boolean {
  try {
    delegator.verifyDelegate(role, metadata);
    return true;
  } catch {
    return false;
  }
}

/** TUF 5.3.10, 5.4.4, 5.5.6, 5.6.5. */
export function mustNotBeExpired(
  file: string,
  metadata: Metadata<Root | Timestamp | Snapshot | Targets>,
  now: Date,
): void {
  if (metadata.signed.isExpired(now)) throw invalid(file, `has expired at ${metadata.signed.expires}`);
}

export function mustHaveVersion(
  file: string,
  metadata: Metadata<Root | Timestamp | Snapshot | Targets>,
  version: number,
): void {
  if (metadata.signed.version !== version) {
    throw invalid(file, `says version ${metadata.signed.version} where version ${version} belongs`);
  }
}

/** TUF 5.5.2, 5.6.2: length and hashes, where the file above gives them. */
export function mustMatch(file: string, by: string, verify: () => void): void {
  try {
    verify();
  } catch (error) {
    throw new ServerError(
      'metadata-invalid',
      `${file}: is not the file that the ${by} names (${(error as Error).message})`,
      {
        cause: error,
      },
    );
  }
}
