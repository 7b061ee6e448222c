/**
 * Where the old image has chunks of the new one. Kept in flat arrays: a large image has hundreds of thousands, and none of
 * the old ones that the new image lacks is remembered.
 */
import { type ChunkIndex, chunksOf } from '@tidegate/protocol/delta';
import type { OldFile } from './old-file.ts';

/** @returns the offset in the old image of what the i-th chunk of the index needs; undefined where it has none */
export type KnownChunks = (i: number) => number | undefined;

/** @param onChunk called between chunks; what it throws ends the search */
export async function knownChunks(index: ChunkIndex, old: OldFile, onChunk: () => void): Promise<KnownChunks> {
  const buckets = 2 ** Math.ceil(Math.log2(index.count + 1));
  const first = new Int32Array(buckets).fill(-1);
  const next = new Int32Array(index.count).fill(-1);
  const offsets = new Float64Array(index.count).fill(-1);
  const bucketOf = (sha256: Buffer) => sha256.readUInt32BE() % buckets;
  for (let i = 0; i < index.count; i++) {
    const bucket = bucketOf(index.sha256At(i));
    next[i] = first[bucket] ?? -1;
    first[bucket] = i;
  }
  for await (const { offset, sha256 } of chunksOf(old.pieces())) {
    onChunk();
    for (let i = first[bucketOf(sha256)] ?? -1; i >= 0; i = next[i] ?? -1) {
      if (offsets[i] === -1 && sha256.equals(index.sha256At(i))) offsets[i] = offset;
    }
  }
  return i => {
    const offset = offsets[i] ?? -1;
    return offset < 0 ? undefined : offset;
  };
}
