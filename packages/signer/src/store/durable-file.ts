/**
 * Files that survive a power cut: written aside, flushed, renamed, and the folder flushed too.
 * Readers see the old bytes or the new ones, never a part. Reads are bounded, whatever lies on the disk.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignerError } from '../signer-error.ts';

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

async function writeAside(path: string, bytes: Uint8Array | string, mode: number): Promise<string> {
  const aside = asideOf(path);
  const file = await open(aside, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return aside;
}

/** Replaces the file, or makes it. */
export async function writeDurably(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<void> {
  const aside = await writeAside(path, bytes, mode);
  await rename(aside, path);
  await syncFolder(dirname(path));
}

/** Makes the file, whole or not at all. @returns false where the name is taken; that file is not touched. */
export async function createDurably(path: string, bytes: Uint8Array | string, mode = 0o644): Promise<boolean> {
  const aside = await writeAside(path, bytes, mode);
  try {
    await link(aside, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(aside, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
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
