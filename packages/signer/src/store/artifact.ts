/** Artifacts by the hash of their bytes: where they lie, and whether they are there. */
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SignerError } from '../signer-error.ts';
import { readBounded } from './durable-file.ts';
import type { Store } from './store.ts';

const MIB = 1024 ** 2;

export interface Artifact {
  readonly sha256: string;
  readonly lengthBytes: number;
}

/** What is known of the bytes that a hash stands for. */
export interface SeenArtifact {
  readonly lengthBytes: number;
  /** Of the bytes as they are, where they were read. */
  readonly sha256?: string;
}

export function artifactPath(store: Store, sha256: string): string {
  return join(store.artifacts, sha256);
}

/** A small artifact, whole. @throws SignerError `artifact-missing` where it is not there, or is not what its name says */
export async function artifactBytes(store: Store, sha256: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readBounded(artifactPath(store, sha256), maxBytes);
  if (bytes && hash('sha256', bytes, 'hex') === sha256) return bytes;
  throw new SignerError(
    'artifact-missing',
    `artifacts/${sha256} is ${bytes ? 'not what its name says' : 'not there'}. Copy it into the repository folder again.`,
  );
}

/** @throws SignerError `artifact-missing` where it is not there in its full length */
export async function checkArtifact(store: Store, { sha256, lengthBytes }: Artifact): Promise<void> {
  const size = await stat(artifactPath(store, sha256)).then(
    s => s.size,
    () => undefined,
  );
  if (size === lengthBytes) return;
  throw new SignerError(
    'artifact-missing',
    `artifacts/${sha256} is ${size === undefined ? 'not there' : `${size} bytes long, not ${lengthBytes}`}. Copy it into the repository folder again.`,
  );
}

/**
 * @param whole reads and hashes it
 * @param onBytes told of each piece that was read
 * @returns undefined where it is not there
 */
export async function seenArtifact(
  path: string,
  whole: boolean,
  onBytes?: (pieceBytes: number) => void,
): Promise<SeenArtifact | undefined> {
  const about = await stat(path).catch(() => undefined);
  if (!about?.isFile()) return undefined;
  if (!whole) return { lengthBytes: about.size };
  return { lengthBytes: about.size, sha256: await sha256Of(createReadStream(path, { highWaterMark: MIB }), onBytes) };
}

/** @param onBytes told of each piece that was read */
export async function sha256Of(pieces: AsyncIterable<Buffer>, onBytes?: (pieceBytes: number) => void): Promise<string> {
  const digest = createHash('sha256');
  for await (const piece of pieces) {
    digest.update(piece);
    onBytes?.(piece.length);
  }
  return digest.digest('hex');
}
