/** A disk of some megabytes for tests: a tmpfs of its own, where this machine lets us mount one. */
import { execFile } from 'node:child_process';
import { appendFileSync, statfsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const runProgram = promisify(execFile);

export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
  /** Writes a file that leaves so many bytes free. */
  readonly fill: (leaveBytes: number) => void;
  readonly clear: () => Promise<void>;
}

/** @returns undefined where mounting is not allowed */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'tidegate-small-disk-'));
  try {
    await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tidegate-test', path]);
  } catch {
    await rm(path, { recursive: true });
    return undefined;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fill: leaveBytes => {
      const { bavail, bsize } = statfsSync(path);
      appendFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
    },
    clear: () => rm(filler, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await runProgram('umount', ['--lazy', path]);
      await rm(path, { recursive: true });
    },
  };
}

/** Every file below the folder with its bytes, to be compared. */
export async function contentsOf(dir: string): Promise<Map<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter(e => e.isFile()).map(e => join(e.parentPath, e.name));
  return new Map(
    await Promise.all(files.toSorted().map(async f => [f, (await readFile(f)).toString('base64')] as const)),
  );
}
