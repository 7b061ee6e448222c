/** What other tools need for the same pair of images: bytes that a device would fetch. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImagePair, run } from './debian-images.ts';

/** xdelta3 at its strongest with the window of the small devices that it is used on, its result compressed. */
export async function xdeltaBytes(folder: string, { oldPath, newPath }: ImagePair): Promise<number> {
  const patch = join(folder, 'xdelta');
  await run('xdelta3', ['-e', '-9', '-B', String(64 * 1024 ** 2), '-S', 'none', '-f', '-s', oldPath, newPath, patch]);
  await run('zstd', ['-q', '-19', '-f', patch]);
  return (await stat(`${patch}.zst`)).size;
}

/** The compressed chunks of the new image that the old one has not, and its index. */
export async function casyncBytes(
  folder: string,
  { oldPath, newPath }: ImagePair,
  chunkBytes: number,
): Promise<number> {
  const make = async (name: string, image: string) => {
    const store = join(folder, `casync-${chunkBytes}-${name}`);
    const index = `${store}.caibx`;
    await run('casync', ['make', `--chunk-size=${chunkBytes}`, `--store=${store}`, index, image]);
    const files = await readdir(store, { recursive: true });
    return { store, index, chunks: files.filter(file => file.endsWith('.cacnk')) };
  };
  const [old, next] = [await make('old', oldPath), await make('new', newPath)];
  const lacking = next.chunks.filter(chunk => !old.chunks.includes(chunk));
  const sizes = await Promise.all([next.index, ...lacking.map(c => join(next.store, c))].map(path => stat(path)));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
