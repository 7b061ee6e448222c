/**
 * Cuts an image into chunks by its content, so that what moved is cut alike. Signer and device cut with the same numbers,
 * else they have nothing in common.
 */
import { createHash } from 'node:crypto';
import { GEAR, gearMask } from './gear.ts';

/** What the format `tidegate-chunks-1` means. 32 KiB after the least is the middle. */
export const CHUNK_BYTES_MIN = 8 * 1024;
export const CHUNK_BYTES_MAX = 128 * 1024;
const CUT = gearMask(15);

export interface Chunk {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly sha256: Buffer;
}

/** @returns the chunks in their order; together they are all of the bytes */
export async function* chunksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Chunk> {
  const cutter = createCutter();
  let hash = createHash('sha256');
  let offset = 0;
  let length = 0;
  const end = (): Chunk => {
    const chunk = { offset, lengthBytes: length, sha256: hash.digest() };
    hash = createHash('sha256');
    offset += length;
    length = 0;
    return chunk;
  };
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const { taken, isCut } = cutter(piece, from);
      hash.update(piece.subarray(from, from + taken));
      length += taken;
      from += taken;
      if (isCut) yield end();
    }
  }
  if (length > 0) yield end();
}

/** @returns a function that says how many bytes from `from` on belong to the chunk at hand, and whether it ends there */
function createCutter(): (piece: Uint8Array, from: number) => { taken: number; isCut: boolean } {
  let hash = 0;
  let length = 0;
  return (piece, from) => {
    const rest = piece.length - from;
    const skipped = Math.min(Math.max(CHUNK_BYTES_MIN - length, 0), rest);
    const most = Math.min(CHUNK_BYTES_MAX - length, rest);
    let taken = skipped;
    let isCut = false;
    let h = hash;
    while (taken < most && !isCut) {
      h = ((h << 1) + (GEAR[piece[from + taken] ?? 0] ?? 0)) | 0;
      taken += 1;
      isCut = (h & CUT) === 0;
    }
    length += taken;
    isCut ||= length === CHUNK_BYTES_MAX;
    hash = isCut ? 0 : h;
    if (isCut) length = 0;
    return { taken, isCut };
  };
}
