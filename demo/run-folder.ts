/** A folder for each run of the demonstration. Old runs go, but for the last two: only folders that carry this one's mark. */
import { chmod, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const MARK = '.tidegate-demo';
const KEPT_RUNS = 2;

/** @param now names the run @throws Error that says what to do where the folder cannot be written */
export async function makeRunFolder(data: string, now: Date): Promise<string> {
  const parent = resolve(data);
  const folder = join(parent, `run-${now.toISOString().slice(0, 19).replace(/[:T]/g, '-')}`);
  try {
    await mkdir(parent, { recursive: true });
    await removeOldRuns(parent);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    await writeFile(join(folder, MARK), '');
  } catch (error) {
    throw new Error(
      `The data folder ${parent} cannot be written: ${(error as Error).message}. Name another with --data.`,
      {
        cause: error,
      },
    );
  }
  return folder;
}

async function removeOldRuns(parent: string): Promise<void> {
  const runs: string[] = [];
  for (const entry of await readdir(parent)) {
    const marked = await stat(join(parent, entry, MARK)).then(
      () => true,
      () => false,
    );
    if (entry.startsWith('run-') && marked) runs.push(entry);
  }
  for (const old of runs.toSorted().slice(0, Math.max(0, runs.length - KEPT_RUNS + 1))) {
    await rm(join(parent, old), { recursive: true, force: true });
  }
}
