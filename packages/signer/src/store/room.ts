/**
 * Whether a disk has room for what is to be written: asked beforehand, where the size is known, and told by the same
 * code where the disk was filled meanwhile, a quota is used up, or files may not grow so large.
 */
import { statfs } from 'node:fs/promises';
import { SignerError } from '../signer-error.ts';

/** What others may write in the same folder without asking; undefined where the file system does not tell. */
export async function freeBytes(folder: string): Promise<number | undefined> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return blocks === 0 ? undefined : bavail * bsize;
}

/** @throws SignerError `disk-full` where so many bytes have no room beside each other */
export async function checkRoom(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free === undefined || free >= neededBytes) return;
  throw new SignerError(
    'disk-full',
    `${folder} has no room: ${neededBytes} bytes are needed, ${free} are free. Make room, then run it again.`,
  );
}

/** Runs what writes in the folder. @throws SignerError `disk-full` where the room did not suffice after all */
export async function inRoom<T>(folder: string, neededBytes: number, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const why = fullness(cause);
    if (why === undefined) throw cause;
    const free = await freeBytes(folder).catch(() => undefined);
    throw new SignerError(
      'disk-full',
      `${folder}: ${why}. ${neededBytes} bytes are needed, ${free ?? 'unknown'} are free. Make room, then run it again.`,
      { cause },
    );
  }
}

/** Why nothing more can be written; undefined where an error says something else. */
export function fullness(error: unknown): string | undefined {
  // Libraries put the system's error into words of their own.
  const words = `${(error as NodeJS.ErrnoException).code} ${(error as Error).message}`;
  if (/\bENOSPC\b/.test(words)) return 'the disk became full';
  if (/\bEDQUOT\b/.test(words)) return 'the quota of this user is used up';
  if (/\bEFBIG\b/.test(words)) return 'files may not be so large here (ulimit -f, or the file system)';
  return undefined;
}
