/**
 * Files that survive a power cut: written aside, flushed, renamed, and the folder flushed too.
 * Readers see the old bytes or the new ones, never a part. Reads are bounded, whatever lies on the disk.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignerError } from '../signer-error.ts';
import { inRoom } from './room.ts';

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Opens for reading without waiting: a pipe that nobody writes to must not hold us. */
export function openToRead(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** A name beside `path` that nobody else uses. */
export function asideOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes what a killed process left beside its files. Only for a folder in which nobody else writes now. */
export async function sweepAside(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter(name => name.endsWith('.tmp'));
  await Promise.all(left.map(name => rm(join(folder, name), { force: true })));
}

/** Writes the bytes beside `path` and lets `place` move them there; whatever fails leaves nothing beside it. */
async function writeAside<T>(
  path: string,
  bytes: Uint8Array | string,
  mode: number,
  place: (aside: string) => Promise<T>,
): Promise<T> {
  const aside = asideOf(path);
  try {
    return await inRoom(dirname(path), Buffer.byteLength(bytes), async () => {
      const file = await open(aside, 'wx', mode);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      return place(aside);
    });
  } finally {
    await rm(aside, { force: true });
  }
}

/** Replaces the file, or makes it. @throws SignerError `disk-full` */
export async function writeDurably(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  await writeAside(path, bytes, mode, aside => rename(aside, path));
  await syncFolder(dirname(path));
}

/** Makes the file, whole or not at all. @returns false where the name is taken; that file is not touched. @throws as above */
export async function createDurably(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<boolean> {
  const made = await writeAside(path, bytes, mode, async aside => {
    try {
      await link(aside, path);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    }
  });
  if (made) await syncFolder(dirname(path));
  return made;
}

/** @returns undefined where there is no such file. @throws SignerError `file-unreadable` where it is larger than allowed. */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file;
  try {
    file = await openToRead(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new SignerError('file-unreadable', `${path} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
  try {
    const about = await file.stat();
    if (!about.isFile()) throw new SignerError('file-unreadable', `${path} is not a regular file.`);
    if (about.size > maxBytes) {
      throw new SignerError('file-unreadable', `${path} has ${about.size} bytes; at most ${maxBytes} are read.`);
    }
    const bytes = Buffer.alloc(about.size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
