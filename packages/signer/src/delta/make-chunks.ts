/** Makes the index of an image's chunks, and tells how much of the image another one has. */
import { createReadStream } from 'node:fs';
import { type Chunk, chunksOf, writeChunkIndex } from '@tidegate/protocol/delta';
import type { Progress } from '../store/intake.ts';

const PIECE_BYTES = 1024 ** 2;

export interface MadeChunks {
  readonly bytes: Buffer;
  /** Bytes of the image that a device with the other one has already; undefined where there is none to compare with. */
  readonly sharedBytes: number | undefined;
}

/** @param oldPath what devices run now, as far as it is at hand */
export async function makeChunks(
  image: { readonly path: string; readonly lengthBytes: number },
  oldPath: string | undefined,
  onProgress?: Progress,
): Promise<MadeChunks> {
  const chunks: Chunk[] = [];
  for await (const chunk of chunksOfFile(image.path)) {
    chunks.push(chunk);
    onProgress?.(chunk.offset + chunk.lengthBytes, image.lengthBytes);
  }
  const bytes = writeChunkIndex(image.lengthBytes, chunks);
  if (oldPath === undefined) return { bytes, sharedBytes: undefined };
  const known = new Set<string>();
  for await (const { sha256 } of chunksOfFile(oldPath)) known.add(sha256.toString('base64'));
  const shared = chunks.filter(({ sha256 }) => known.has(sha256.toString('base64')));
  return { bytes, sharedBytes: shared.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) };
}

function chunksOfFile(path: string): AsyncGenerator<Chunk> {
  return chunksOf(createReadStream(path, { highWaterMark: PIECE_BYTES }));
}
