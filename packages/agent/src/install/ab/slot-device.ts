/**
 * A slot as a device (or a file of fixed size): found by its path, told from the running one by what it is and not by
 * its name, opened for us alone, written by descriptor, read back past the page cache.
 */
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { AgentError } from '../../agent-error.ts';

const CHUNK_BYTES = 1024 * 1024;
const WASM_PAGE_BYTES = 64 * 1024;

/** WebAssembly's memory begins at a page: reading past the cache asks for that, and no other buffer promises it. */
declare const WebAssembly: { Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer } };

export interface WrittenImage {
  readonly bytes: number;
  readonly sha256: string;
}

export interface SlotDevice {
  readonly handle: FileHandle;
  readonly capacity: number;
}

/** @throws AgentError installer-failed where it is the running one or no slot at all, slot-mismatch where it is in use */
export async function openSlot(path: string, runningPath: string): Promise<SlotDevice> {
  const about = await found(path);
  const handle = await open(path, constants.O_RDWR | (about.isBlockDevice() ? constants.O_EXCL : 0)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EBUSY') throw new AgentError('slot-mismatch', `${path} is in use`, { cause: error });
      throw error;
    },
  );
  try {
    const opened = await handle.stat();
    if (identity(opened) === identity(await found(runningPath)))
      throw new AgentError('installer-failed', `${path} is the slot that runs`);
    return { handle, capacity: await capacityOf(opened, path) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Streams into the slot from its beginning, flushed at the end. @throws AgentError installer-failed where it does not fit */
export async function writeImage(
  { handle, capacity }: SlotDevice,
  image: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<WrittenImage> {
  const hash = createHash('sha256');
  let position = 0;
  for await (const chunk of image) {
    if (signal.aborted) throw new AgentError('not-now', 'the agent stops while it writes the image');
    if (position + chunk.length > capacity)
      throw new AgentError('installer-failed', `the image has more than the slot's ${capacity} bytes`);
    await writeAll(handle, chunk, position);
    hash.update(chunk);
    position += chunk.length;
  }
  await handle.sync();
  return { bytes: position, sha256: hash.digest('hex') };
}

/** What the disk holds of an image of so many bytes; shorter where the slot ends before it. */
export async function readBack(path: string, bytes: number): Promise<WrittenImage> {
  const handle = await openPastCache(path);
  try {
    const chunk = Buffer.from(new WebAssembly.Memory({ initial: CHUNK_BYTES / WASM_PAGE_BYTES }).buffer);
    const hash = createHash('sha256');
    let position = 0;
    while (position < bytes) {
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      const length = Math.min(bytesRead, bytes - position);
      hash.update(chunk.subarray(0, length));
      position += length;
    }
    return { bytes: position, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Some file systems have no way past their cache: there it is read as it is. */
async function openPastCache(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return open(path, 'r');
    throw error;
  }
}

export async function writeAll(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

async function found(path: string): Promise<Stats> {
  const about = await stat(path).catch((error: Error) => {
    throw new AgentError('installer-failed', `slot ${path}: ${error.message}`, { cause: error });
  });
  if (about.isBlockDevice() || about.isFile()) return about;
  throw new AgentError('installer-failed', `${path} is neither a block device nor a file`);
}

function identity(about: Stats): string {
  return about.isBlockDevice() ? `device ${about.rdev}` : `file ${about.dev}:${about.ino}`;
}

async function capacityOf(about: Stats, path: string): Promise<number> {
  if (about.isFile()) return about.size;
  const { major, minor } = deviceNumber(about.rdev);
  const text = (await readFile(`/sys/dev/block/${major}:${minor}/size`, 'utf8')).trim();
  if (!/^\d+$/.test(text)) throw new AgentError('installer-failed', `the size of ${path} cannot be read`);
  // Sectors of 512 bytes, whatever the disk's own are.
  return Number(text) * 512;
}

/** As Linux packs the two into one number. */
export function deviceNumber(rdev: number): { major: number; minor: number } {
  const n = BigInt(rdev);
  return {
    major: Number(((n >> 8n) & 0xfffn) | ((n >> 32n) & ~0xfffn)),
    minor: Number((n & 0xffn) | ((n >> 12n) & ~0xffn)),
  };
}
