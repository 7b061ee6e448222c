/**
 * The only door to disk for what must survive a power cut: temporary file, fsync, rename, fsync of the folder.
 * A write is there as a whole or not at all. A port, so that tests can let the Nth write fail.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface DurableFiles {
  /** The bytes of a file, or undefined where there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Replaces a file as a whole; its folder is made where it is missing. Mode 0600 unless told. */
  write(path: string, bytes: string | Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /** Writes over the beginning of a file, in place and in one call; its length stays. For what others read by its place. */
  overwrite(path: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file or a whole folder; nothing happens where there is none. */
  remove(path: string): Promise<void>;
  /** Moves within one file system; replaces a file of that name. */
  rename(from: string, to: string): Promise<void>;
  /** Points a symbolic link elsewhere in one step. `target` is relative to the link's folder. */
  pointLink(path: string, target: string): Promise<void>;
  /** What a link points to, or undefined where there is none. */
  readLink(path: string): Promise<string | undefined>;
  /** Names in a folder, sorted; empty where there is none. */
  list(path: string): Promise<string[]>;
}

export const durableFiles: DurableFiles = {
  read: path => readFile(path).catch(absent),

  async write(path, bytes, options = {}) {
    const folder = dirname(path);
    await makeFolder(folder);
    const temporary = temporaryBeside(path);
    try {
      const handle = await open(temporary, 'wx', options.mode ?? 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  },

  async overwrite(path, bytes) {
    const handle = await open(path, 'r+');
    try {
      const { size } = await handle.stat();
      if (size < bytes.length) throw new Error(`${path} has ${size} bytes only`);
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, 0);
      if (bytesWritten !== bytes.length) throw new Error(`${path} took ${bytesWritten} of ${bytes.length} bytes`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  },

  async remove(path) {
    await rm(path, { recursive: true, force: true });
    await syncFolder(dirname(path)).catch(absent);
  },

  async rename(from, to) {
    await rename(from, to);
    await syncFolder(dirname(to));
    if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
  },

  async pointLink(path, target) {
    await makeFolder(dirname(path));
    const temporary = temporaryBeside(path);
    await symlink(target, temporary);
    try {
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary);
      throw error;
    }
    await syncFolder(dirname(path));
  },

  readLink: path => readlink(path).catch(absent),

  list: async path => ((await readdir(path).catch(absent)) ?? []).filter(name => !isTemporary(name)).toSorted(),
};

/** Makes a folder and those above it, each entry durable. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

/** Makes the entries of a folder durable: what was made, renamed or removed in it. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Left by a power cut in the middle of a write. */
function isTemporary(name: string): boolean {
  return name.startsWith('.') && name.endsWith('.tmp');
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}
