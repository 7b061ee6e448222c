/**
 * The head of a patch, `tidegate-patch-1`: how each block of the new image comes out of one zstd frame with ranges of the
 * old image as its dictionary. The frames follow it in the same order. Pure: says what a head means, or where it is wrong;
 * whether it is the signed one is asked before.
 */
import { LIMITS } from '../limits.ts';
import type { Parsed } from '../schema.ts';
import { byteReader, u16, u32, u48 } from './byte-reader.ts';

const MAGIC = Buffer.from('TGPATCH1', 'latin1');

/** A range of the old image. */
export interface OldRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface PatchBlock {
  /** Of the new image; all blocks but the last have the same. */
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly frame: {
    /** Within the patch. */
    readonly offset: number;
    readonly lengthBytes: number;
    readonly sha256: string;
  };
  /** Put one after the other they are the dictionary. */
  readonly ranges: readonly OldRange[];
}

export interface PatchHead {
  readonly imageBytes: number;
  readonly blockBytes: number;
  readonly blocks: readonly PatchBlock[];
}

/** A block as its maker knows it. */
export interface MadeBlock {
  readonly sha256: string;
  readonly frame: { readonly lengthBytes: number; readonly sha256: string };
  readonly ranges: readonly OldRange[];
}

export function writePatchHead(head: {
  readonly imageBytes: number;
  readonly blockBytes: number;
  readonly blocks: readonly MadeBlock[];
}): Buffer {
  return Buffer.concat([
    MAGIC,
    u48(head.imageBytes),
    u32(head.blockBytes),
    u32(head.blocks.length),
    ...head.blocks.flatMap(({ sha256, frame, ranges }) => [
      Buffer.from(sha256, 'hex'),
      u32(frame.lengthBytes),
      Buffer.from(frame.sha256, 'hex'),
      u16(ranges.length),
      ...ranges.flatMap(({ offset, lengthBytes }) => [u48(offset), u32(lengthBytes)]),
    ]),
  ]);
}

/** @param patchBytes of the whole patch, as signed: head and frames are exactly that */
export function readPatchHead(bytes: Buffer, patchBytes: number): Parsed<PatchHead> {
  const reader = byteReader(bytes);
  if (!reader.bytes(MAGIC.length).equals(MAGIC)) return fault('', 'is no patch of this format');
  const imageBytes = reader.u48();
  const blockBytes = reader.u32();
  const count = reader.u32();
  if (imageBytes < 1 || imageBytes > LIMITS.artifactBytes) return fault('/imageBytes', 'is no length of an image');
  if (blockBytes < LIMITS.patchBlockBytesMin || blockBytes > LIMITS.patchBlockBytes)
    return fault('/blockBytes', 'is not within the limits');
  if (count !== Math.ceil(imageBytes / blockBytes)) return fault('/blocks', 'are not as many as the image needs');

  const blocks: PatchBlock[] = [];
  let frameOffset = bytes.length;
  for (let i = 0; i < count; i++) {
    const sha256 = reader.bytes(32).toString('hex');
    const frame = { offset: frameOffset, lengthBytes: reader.u32(), sha256: reader.bytes(32).toString('hex') };
    const rangeCount = reader.u16();
    if (!reader.whole()) return fault(`/blocks/${i}`, 'is cut off');
    if (rangeCount > LIMITS.patchRangesPerBlock) return fault(`/blocks/${i}/ranges`, 'are too many');
    if (frame.lengthBytes < 1 || frame.lengthBytes > blockBytes + FRAME_OVERHEAD_BYTES)
      return fault(`/blocks/${i}/frame`, 'has no length that a frame of this block can have');
    const ranges: OldRange[] = [];
    let dictionaryBytes = 0;
    for (let r = 0; r < rangeCount; r++) {
      const range = { offset: reader.u48(), lengthBytes: reader.u32() };
      if (!reader.whole()) return fault(`/blocks/${i}/ranges/${r}`, 'is cut off');
      if (range.lengthBytes < 1 || range.offset + range.lengthBytes > LIMITS.artifactBytes)
        return fault(`/blocks/${i}/ranges/${r}`, 'is no range of an image');
      dictionaryBytes += range.lengthBytes;
      ranges.push(range);
    }
    if (dictionaryBytes > LIMITS.patchDictionaryBytes)
      return fault(`/blocks/${i}/ranges`, `are more than ${LIMITS.patchDictionaryBytes} bytes`);
    frameOffset += frame.lengthBytes;
    blocks.push({ lengthBytes: Math.min(blockBytes, imageBytes - i * blockBytes), sha256, frame, ranges });
  }
  if (!reader.done()) return fault('', 'goes on after its last block');
  if (frameOffset !== patchBytes) return fault('', `tells of ${frameOffset} bytes, ${patchBytes} are signed`);
  return { ok: true, value: { imageBytes, blockBytes, blocks } };
}

/** What zstd adds to bytes that it cannot compress is far less. */
const FRAME_OVERHEAD_BYTES = 64 * 1024;

function fault(path: string, message: string): { ok: false; fault: { path: string; message: string } } {
  return { ok: false, fault: { path, message } };
}
