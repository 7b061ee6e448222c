/**
 * Makes a patch between two images: each block of the new one is compressed with what the old one has of it. Memory is
 * bounded by blocks, dictionaries and the table of pages, whatever the size of the images. The same images give the same
 * patch.
 */
import { hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { GEAR_WINDOW_BYTES, type MadeBlock, type OldRange, writePatchHead } from '@tidegate/protocol/delta';
import type { Progress } from '../store/intake.ts';
import { eachAnchor } from './anchors.ts';
import { chooseRanges } from './choose-ranges.ts';
import { type OldPages, readOldPages } from './old-pages.ts';
import { readPiece } from './read-piece.ts';

const BLOCK_BYTES = 4 * 1024 ** 2;
/** Half of what a device takes: with more the patch was one percent smaller. */
const DICTIONARY_BYTES = 8 * 1024 ** 2;
/** Beyond it a frame takes ten times the time for a tenth less. */
const LEVEL = 12;
/** Blocks in work at once: two dictionaries in memory, and both hands of a small machine. */
const AT_ONCE = 2;
/** As a zstd dictionary with a header begins: as raw content it must not. */
const DICTIONARY_MAGIC = 0xec30a437;

export interface PatchRequest {
  readonly oldPath: string;
  readonly newPath: string;
  /** Where the patch is written; beside it, for a while, its frames. */
  readonly outPath: string;
  readonly onProgress?: Progress | undefined;
}

export interface MadePatch {
  readonly lengthBytes: number;
  readonly head: { readonly lengthBytes: number; readonly sha256: string };
}

export async function makePatch({ oldPath, newPath, outPath, onProgress }: PatchRequest): Promise<MadePatch> {
  const framesPath = `${outPath}.frames.tmp`;
  await using old = await open(oldPath, 'r');
  await using next = await open(newPath, 'r');
  const oldBytes = (await old.stat()).size;
  const imageBytes = (await next.stat()).size;
  const total = oldBytes + imageBytes;
  try {
    await using frames = await open(framesPath, 'wx+');
    const pages = await readOldPages(old, oldBytes, done => onProgress?.(done, total));
    const blocks: MadeBlock[] = [];
    for await (const { frame, block, doneBytes } of made({ old, next, pages, imageBytes })) {
      await frames.writeFile(frame);
      blocks.push(block);
      onProgress?.(oldBytes + doneBytes, total);
    }
    const head = writePatchHead({ imageBytes, blockBytes: BLOCK_BYTES, blocks });
    await using out = await open(outPath, 'wx');
    await out.writeFile(head);
    const { size } = await frames.stat();
    await out.writeFile(frames.createReadStream({ start: 0, autoClose: false }));
    await out.sync();
    return { lengthBytes: head.length + size, head: { lengthBytes: head.length, sha256: hash('sha256', head, 'hex') } };
  } finally {
    await rm(framesPath, { force: true });
  }
}

interface Images {
  readonly old: FileHandle;
  readonly next: FileHandle;
  readonly pages: OldPages;
  readonly imageBytes: number;
}

/** The blocks in their order, a few of them in work at once. */
async function* made(images: Images): AsyncGenerator<{ frame: Buffer; block: MadeBlock; doneBytes: number }> {
  const { imageBytes } = images;
  const inWork: ReturnType<typeof makeBlock>[] = [];
  let begun = 0;
  let doneBytes = 0;
  while (begun < imageBytes || inWork.length > 0) {
    while (begun < imageBytes && inWork.length < AT_ONCE) {
      const work = makeBlock(images, begun, Math.min(BLOCK_BYTES, imageBytes - begun));
      // Awaited in its turn; until then its failure is no stray one.
      work.catch(() => undefined);
      inWork.push(work);
      begun += BLOCK_BYTES;
    }
    const result = await inWork.shift();
    if (!result) return;
    doneBytes = Math.min(doneBytes + BLOCK_BYTES, imageBytes);
    yield { ...result, doneBytes };
  }
}

const compress = promisify(zstdCompress);

async function makeBlock({ old, next, pages }: Images, offset: number, lengthBytes: number) {
  const before = Math.min(offset, GEAR_WINDOW_BYTES);
  const piece = await readPiece(next, offset - before, lengthBytes + before);
  const content = piece.subarray(before);
  const votes = new Map<number, number>();
  eachAnchor(piece, pages.bits, (_end, key) => {
    const page = pages.pageOf(key);
    if (page !== undefined) votes.set(page, (votes.get(page) ?? 0) + 1);
  });
  const chosen = chooseRanges(votes, { maxBytes: DICTIONARY_BYTES, oldBytes: pages.imageBytes });
  const { ranges, dictionary } = await readDictionary(old, chosen);
  const frame = await compress(content, {
    ...(dictionary.length > 0 && { dictionary }),
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      // The device's window need only hold the block: the dictionary lies beside it.
      [constants.ZSTD_c_windowLog]: Math.log2(BLOCK_BYTES),
    },
  });
  const block: MadeBlock = {
    sha256: hash('sha256', content, 'hex'),
    frame: { lengthBytes: frame.length, sha256: hash('sha256', frame, 'hex') },
    ranges,
  };
  return { frame, block };
}

async function readDictionary(
  old: FileHandle,
  ranges: readonly OldRange[],
): Promise<{ ranges: readonly OldRange[]; dictionary: Buffer }> {
  const parts = await Promise.all(ranges.map(({ offset, lengthBytes }) => readPiece(old, offset, lengthBytes)));
  const dictionary = Buffer.concat(parts);
  if (dictionary.length < 4 || dictionary.readUInt32LE() !== DICTIONARY_MAGIC) return { ranges, dictionary };
  const [first, ...rest] = ranges;
  if (!first) return { ranges, dictionary };
  const moved = { offset: first.offset + 1, lengthBytes: first.lengthBytes - 1 };
  return { ranges: [moved, ...rest], dictionary: dictionary.subarray(1) };
}
