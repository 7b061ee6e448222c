/**
 * Whether the files that a verified set signs are sound and at hand: their description agrees with their path, nothing
 * that was published ever changes its hash, counter and version belong to each other, and the bytes are in the store.
 * Pure: what is known comes in as maps.
 */
import {
  describedAs,
  type Firmware,
  LIMITS,
  parseTargetPath,
  SHA256_PATTERN,
  type TargetPath,
} from '@tidegate/protocol';
import { ServerError } from '../server-error.ts';
import { verifyCounters, type VersionedRelease } from './verify-counters.ts';
import { invalid } from './read-metadata.ts';
import type { SignedTarget } from './verify-roles.ts';

export interface Known {
  /** Hash of every path that was ever published. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Length in bytes of every artifact in the store, by hash. */
  readonly artifacts: ReadonlyMap<string, number>;
  /** Every release that was ever published, withdrawn ones included, of the components at hand. */
  readonly releases: readonly VersionedRelease[];
}

export interface SoundTarget {
  readonly path: string;
  readonly sha256: string;
  readonly lengthBytes: number;
  /** Undefined for what is not installed by itself: holds, documents and shorter ways beside an image, bundles, descriptors. */
  readonly release: { readonly at: TargetPath; readonly firmware: Firmware } | undefined;
}

const sha256Pattern = new RegExp(SHA256_PATTERN);

/** Throws ServerError: metadata-invalid, or publication-incomplete where bytes are missing. */
export function verifyTargets(targets: readonly SignedTarget[], known: Known): SoundTarget[] {
  const sound = targets.map(target => verifyTarget(target, known));
  verifyCounters(
    known.releases,
    sound.flatMap(({ path, release }) => (release ? [{ path, ...versioned(release) }] : [])),
  );
  return sound;
}

function versioned({ at, firmware }: NonNullable<SoundTarget['release']>): VersionedRelease {
  return { product: at.product, component: at.component, version: firmware.version, counter: firmware.counter };
}

function verifyTarget({ path, file, target }: SignedTarget, known: Known): SoundTarget {
  if (!parseTargetPath(path)) {
    throw invalid(file, `${JSON.stringify(path)} is not <product>/<channel>/<component>/<version>/<file>`);
  }
  const sha256 = target.hashes['sha256'];
  if (sha256 === undefined || !sha256Pattern.test(sha256)) throw invalid(file, `${path} has no SHA-256`);
  if (target.length > LIMITS.artifactBytes) throw invalid(file, `${path} is larger than ${LIMITS.artifactBytes} bytes`);
  const before = known.hashes.get(path);
  if (before !== undefined && before !== sha256) throw invalid(file, `${path} was published with another hash`);
  const release = describedBy(path, file, target.custom);
  mustBeStored(path, sha256, target.length, known.artifacts.get(sha256));
  return { path, sha256, lengthBytes: target.length, release };
}

/** What the signed description says, where it is one of firmware. */
function describedBy(path: string, file: string, custom: unknown): SoundTarget['release'] {
  if (Buffer.byteLength(JSON.stringify(custom ?? null)) > LIMITS.customBytes) {
    throw invalid(file, `${path}: its description is longer than ${LIMITS.customBytes} bytes`);
  }
  const parsed = describedAs(path, custom);
  if (!parsed.ok) {
    const { path: at, message } = parsed.fault;
    throw invalid(file, `${path}: its description at ${at || '/'} ${message}`);
  }
  const { kind, at, entry } = parsed.value;
  return kind === 'firmware' ? { at, firmware: entry } : undefined;
}

function mustBeStored(path: string, sha256: string, length: number, stored: number | undefined): void {
  if (stored === undefined)
    throw new ServerError('publication-incomplete', `${path}: its bytes (${sha256}) are not there`);
  if (stored !== length) {
    throw new ServerError('metadata-invalid', `${path}: is signed with ${length} bytes, but has ${stored}`);
  }
}
