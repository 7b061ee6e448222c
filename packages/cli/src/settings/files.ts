/** Files of the operator's: read with a bound, made for the owner's eyes only and never over another. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CliError } from '../cli-error.ts';

/** @returns undefined where there is no such file @throws CliError `file-unreadable` */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let file: FileHandle;
  try {
    // Without waiting: a pipe that nobody writes to must not hold us.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined;
    throw new CliError('file-unreadable', `${path} cannot be opened: ${(cause as Error).message}.`, { cause });
  }
  try {
    const about = await file.stat();
    if (!about.isFile()) throw new CliError('file-unreadable', `${path} is not a regular file.`);
    if (about.size > maxBytes) {
      throw new CliError('file-unreadable', `${path} has ${about.size} bytes; at most ${maxBytes} are read.`);
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(about.size), 0, about.size, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** @throws CliError `file-unreadable`, also where there is none */
export async function neededFile(path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readBounded(path, maxBytes);
  if (!bytes) throw new CliError('file-unreadable', `There is no file ${path}.`);
  return bytes;
}

/** A file that was not there before, for secrets: mode 0600, each piece on the disk before `append` resolves. */
export interface SecretFile extends AsyncDisposable {
  readonly path: string;
  append(text: string): Promise<void>;
  /** Takes the file away again, for when nothing came that is worth keeping. */
  discard(): Promise<void>;
}

/** @throws CliError `file-exists`, `file-unwritable` */
export async function openSecretFile(path: string): Promise<SecretFile> {
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    if (codeOf(cause) === 'EEXIST') {
      throw new CliError(
        'file-exists',
        `${path} is there already and may hold secrets; it was not touched. Choose another name.`,
      );
    }
    throw unwritable(path, cause);
  });
  // The name, too, outlives a power cut.
  await syncFolder(path).catch((cause: unknown) => Promise.reject(unwritable(path, cause)));
  return {
    path,
    append: async text => {
      try {
        await file.appendFile(text);
        await file.sync();
      } catch (cause) {
        throw unwritable(path, cause);
      }
    },
    discard: () => rm(path, { force: true }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(resolve(path)), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function unwritable(path: string, cause: unknown): CliError {
  return new CliError('file-unwritable', `${path} cannot be written: ${(cause as Error).message}.`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
