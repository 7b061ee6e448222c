/** Files that were being written when a process was killed. Nothing ever reads them. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnosis, orSound, warning } from './diagnosis.ts';

export interface LeftOver {
  readonly path: string;
  /** Below a folder that every change sweeps. */
  readonly isSwept: boolean;
}

export async function leftOvers(swept: readonly string[], others: readonly string[]): Promise<readonly LeftOver[]> {
  const within = async (folder: string, isSwept: boolean) => {
    const names = await readdir(folder).catch(() => []);
    return names.filter(name => name.endsWith('.tmp')).map(name => ({ path: join(folder, name), isSwept }));
  };
  return (await Promise.all([...swept.map(f => within(f, true)), ...others.map(f => within(f, false))])).flat();
}

/** @param isBusy somebody writes now: then such files may be theirs */
export function leftOverDiagnoses(files: readonly LeftOver[], isBusy: boolean): readonly Diagnosis[] {
  const found = isBusy
    ? []
    : files.map(({ path, isSwept }) =>
        warning('left-overs', {
          code: 'left-over',
          path,
          message: `${path} was being written when its writer was stopped.`,
          remedy: isSwept ? 'Nothing: the next change removes it.' : 'Remove it.',
        }),
      );
  return orSound(found, 'left-overs', 'Nothing was left half written.');
}
