/** Where tools are built that are not ours: once for each set of pins, kept from run to run. */
import { createHash } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../node_modules/.cache/tidegate-interop');

/**
 * @param pins whatever the tool is made of: versions, hashes, sources
 * @param build fills the folder
 */
export async function toolFolder(
  name: string,
  pins: string | Buffer,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(CACHE, `${name}-${createHash('sha256').update(pins).digest('hex').slice(0, 16)}`);
  const mark = join(folder, '.built');
  if (await isThere(mark)) return folder;
  // Whatever lies there was broken off.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await build(folder);
  await writeFile(mark, '');
  return folder;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
