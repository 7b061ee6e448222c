/** Artifacts by the hash of their bytes. A file is read once: what was hashed is what is kept, whatever its owner does next. */
import { createHash, hash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { asideOf, openToRead, readBounded, syncFolder, writeDurably } from './durable-file.ts';
import type { Store } from './store.ts';

const BUFFER_BYTES = 1024 ** 2;

export interface Artifact {
  readonly sha256: string;
  readonly lengthBytes: number;
}

/** Bytes done of bytes in all. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

export function artifactPath(store: Store, sha256: string): string {
  return join(store.artifacts, sha256);
}

/**
 * Copies the file aside, hashing it on the way, and keeps it if `judge`, told hash and length, does not throw:
 * what is refused leaves nothing behind.
 * @returns what `judge` returned
 * @throws SignerError `file-unreadable`, `artifact-size`, `file-changed` (it grew or shrank while it was read)
 */
export async function keepArtifact<T>(
  store: Store,
  path: string,
  judge: (artifact: Artifact) => Promise<T>,
  onProgress?: Progress,
): Promise<T> {
  const source = await openToRead(path).catch((cause: Error) => {
    throw new SignerError('file-unreadable', `${path} cannot be opened: ${cause.message}`, { cause });
  });
  const aside = asideOf(join(store.artifacts, 'incoming'));
  try {
    const about = await source.stat();
    if (!about.isFile()) throw new SignerError('file-unreadable', `${path} is not a regular file.`);
    if (about.size === 0 || about.size > LIMITS.artifactBytes) {
      throw new SignerError(
        'artifact-size',
        `${path} has ${about.size} bytes; 1 to ${LIMITS.artifactBytes} are allowed.`,
      );
    }
    const target = await open(aside, 'wx', 0o644);
    const digest = createHash('sha256');
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    let done = 0;
    try {
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, BUFFER_BYTES, null);
        if (bytesRead === 0) break;
        done += bytesRead;
        if (done > about.size) break;
        const piece = buffer.subarray(0, bytesRead);
        digest.update(piece);
        await target.writeFile(piece);
        onProgress?.(done, about.size);
      }
      await target.sync();
    } finally {
      await target.close();
    }
    if (done !== about.size) {
      throw new SignerError(
        'file-changed',
        `${path} changed while it was read. Wait until it is whole, then try again.`,
      );
    }
    const sha256 = digest.digest('hex');
    const verdict = await judge({ sha256, lengthBytes: done });
    await rename(aside, artifactPath(store, sha256));
    await syncFolder(store.artifacts);
    return verdict;
  } finally {
    await source.close();
    await rm(aside, { force: true });
  }
}

/** Keeps bytes that were made here. */
export async function keepBytes(store: Store, bytes: Uint8Array): Promise<Artifact> {
  const sha256 = hash('sha256', bytes, 'hex');
  await writeDurably(artifactPath(store, sha256), bytes);
  return { sha256, lengthBytes: bytes.length };
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
