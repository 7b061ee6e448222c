/**
 * Where the content of an old image lies, by page: what a new block is looked up in. Its memory is bounded whatever the
 * image's size, since a larger image is marked more thinly.
 */
import type { FileHandle } from 'node:fs/promises';
import { GEAR_WINDOW_BYTES } from '@tidegate/protocol/delta';
import { eachAnchor } from './anchors.ts';
import { readPiece } from './read-piece.ts';

export const PAGE_BYTES = 16 * 1024;
const PIECE_BYTES = 1024 ** 2;
const BITS_MIN = 8;
const ANCHORS_MAX = 2 ** 22;

export interface OldPages {
  readonly imageBytes: number;
  /** One anchor in 2^bits bytes. */
  readonly bits: number;
  /** The page that has this anchor; undefined where none has. */
  pageOf(key: number): number | undefined;
}

export async function readOldPages(
  image: FileHandle,
  imageBytes: number,
  onProgress: (doneBytes: number) => void,
): Promise<OldPages> {
  const bits = Math.max(BITS_MIN, Math.ceil(Math.log2(imageBytes / ANCHORS_MAX)));
  const table = createTable(2 * ANCHORS_MAX);
  for (let offset = 0; offset < imageBytes; offset += PIECE_BYTES) {
    const from = Math.max(0, offset - GEAR_WINDOW_BYTES);
    const piece = await readPiece(image, from, Math.min(PIECE_BYTES, imageBytes - offset) + offset - from);
    eachAnchor(piece, bits, (end, key) => table.add(key, Math.floor((from + end - 1) / PAGE_BYTES)));
    onProgress(Math.min(offset + PIECE_BYTES, imageBytes));
  }
  return { imageBytes, bits, pageOf: table.get };
}

/** Open addressing over two typed arrays; the first page with an anchor keeps it, and a full table takes no more. */
function createTable(slots: number) {
  const keys = new Int32Array(slots);
  // Page + 1; 0 is free.
  const pages = new Uint32Array(slots);
  let left = slots / 2;
  const slotOf = (key: number): number => {
    let slot = (Math.imul(key, 0x85ebca6b) >>> 0) % slots;
    while (pages[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) % slots;
    return slot;
  };
  return {
    add(key: number, page: number): void {
      const slot = slotOf(key);
      if (pages[slot] !== 0 || left === 0) return;
      keys[slot] = key;
      pages[slot] = page + 1;
      left -= 1;
    },
    get(key: number): number | undefined {
      const page = pages[slotOf(key)] ?? 0;
      return page === 0 ? undefined : page - 1;
    },
  };
}
