/**
 * Artifacts on their way in with a piece of work. A file is read once: what was hashed is what is kept, whatever its
 * owner does next. Where the work fails, all that it brought is taken away again: on a disk that became full, too.
 */
import { createHash, hash } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { type Artifact, artifactPath } from './artifact.ts';
import { asideOf, openToRead, syncFolder, writeDurably } from './durable-file.ts';
import { checkRoom, inRoom } from './room.ts';
import type { Store } from './store.ts';

const BUFFER_BYTES = 1024 ** 2;

/** Bytes done of bytes in all. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

export interface IncomingFile<T> {
  readonly path: string;
  /** Told hash and length before the file is kept; what it throws keeps the file out. */
  readonly judge: (artifact: Artifact) => Promise<T>;
  /** What the same work will write beside it: there must be room for both. */
  readonly besideBytes: number;
  readonly onProgress?: Progress | undefined;
}

export interface Intake {
  /**
   * @returns what `judge` returned
   * @throws SignerError `file-unreadable`, `artifact-size`, `disk-full`, `file-changed` (it grew or shrank while it was read)
   */
  readonly file: <T>(incoming: IncomingFile<T>) => Promise<T>;
  /** Keeps bytes that were made here. @throws SignerError `disk-full` */
  readonly bytes: (bytes: Uint8Array) => Promise<Artifact>;
}

/** For one writer at a time: under the folder's lock. */
export async function withIntake<T>(store: Store, work: (intake: Intake) => Promise<T>): Promise<T> {
  const brought: string[] = [];
  const bring = async (sha256: string, place: (path: string) => Promise<void>) => {
    const path = artifactPath(store, sha256);
    const isNew = (await stat(path).catch(() => undefined)) === undefined;
    await place(path);
    if (isNew) brought.push(path);
  };
  try {
    return await work({
      file: incoming => keepFile(store, incoming, bring),
      bytes: async bytes => {
        const sha256 = hash('sha256', bytes, 'hex');
        await bring(sha256, path => writeDurably(path, bytes));
        return { sha256, lengthBytes: bytes.length };
      },
    });
  } catch (error) {
    await Promise.all(brought.map(path => rm(path, { force: true })));
    throw error;
  }
}

type Bring = (sha256: string, place: (path: string) => Promise<void>) => Promise<void>;

/** Copied aside, hashed on the way, judged, and only then given its name. */
async function keepFile<T>(
  store: Store,
  { path, judge, besideBytes, onProgress }: IncomingFile<T>,
  bring: Bring,
): Promise<T> {
  const source = await openToRead(path).catch((cause: Error) => {
    throw new SignerError('file-unreadable', `${path} cannot be opened: ${cause.message}`, { cause });
  });
  const aside = asideOf(join(store.artifacts, 'incoming'));
  try {
    const lengthBytes = await lengthOf(source, path);
    await checkRoom(store.artifacts, lengthBytes + besideBytes);
    const sha256 = await inRoom(store.artifacts, lengthBytes + besideBytes, () =>
      copy(source, aside, { path, lengthBytes, onProgress }),
    );
    const verdict = await judge({ sha256, lengthBytes });
    await bring(sha256, place => rename(aside, place));
    await syncFolder(store.artifacts);
    return verdict;
  } finally {
    await source.close();
    await rm(aside, { force: true });
  }
}

/** @throws SignerError `file-unreadable`, `artifact-size` */
export async function lengthOf(source: FileHandle, path: string): Promise<number> {
  const about = await source.stat();
  if (!about.isFile()) throw new SignerError('file-unreadable', `${path} is not a regular file.`);
  if (about.size > 0 && about.size <= LIMITS.artifactBytes) return about.size;
  throw new SignerError('artifact-size', `${path} has ${about.size} bytes; 1 to ${LIMITS.artifactBytes} are allowed.`);
}

/** @returns the hash of what was written */
async function copy(
  source: FileHandle,
  aside: string,
  { path, lengthBytes, onProgress }: Pick<IncomingFile<unknown>, 'path' | 'onProgress'> & { lengthBytes: number },
): Promise<string> {
  const target = await open(aside, 'wx', 0o644);
  const digest = createHash('sha256');
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  let done = 0;
  try {
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, BUFFER_BYTES, null);
      if (bytesRead === 0) break;
      done += bytesRead;
      if (done > lengthBytes) break;
      const piece = buffer.subarray(0, bytesRead);
      digest.update(piece);
      await target.writeFile(piece);
      onProgress?.(done, lengthBytes);
    }
    await target.sync();
  } finally {
    await target.close();
  }
  if (done === lengthBytes) return digest.digest('hex');
  throw new SignerError('file-changed', `${path} changed while it was read. Wait until it is whole, then try again.`);
}
