/** Artifacts by the hash of their bytes: where they lie, and whether they are there. */
import { hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SignerError } from '../signer-error.ts';
import { readBounded } from './durable-file.ts';
import type { Store } from './store.ts';

export interface Artifact {
  readonly sha256: string;
  readonly lengthBytes: number;
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
