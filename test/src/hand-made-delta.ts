/** Deltas made by hand, so that a test can sign any lie: blocks of the least size, each told by the old image's same place. */
import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { LIMITS } from '@tidegate/protocol';
import { chunksOf, type MadeBlock, writeChunkIndex, writePatchHead } from '@tidegate/protocol/delta';
import { sha256 } from './repo-sim.ts';

export const BLOCK_BYTES = LIMITS.patchBlockBytesMin;

export interface HandMade {
  readonly bytes: Buffer;
  readonly entry: object;
}

export interface HandMadePatch extends HandMade {
  /** Where the frame of each block begins. */
  readonly frameOffsets: readonly number[];
}

/** Bytes that look like chance and are the same each time. */
export function noise(length: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

/** @param frameOf what is sent as the frame of a block; honest unless set */
export function handMadePatch(
  old: Buffer,
  next: Buffer,
  frameOf: (content: Buffer, dictionary: Buffer, i: number) => Buffer = honestFrame,
): HandMadePatch {
  const blocks: MadeBlock[] = [];
  const frames: Buffer[] = [];
  for (let at = 0; at < next.length; at += BLOCK_BYTES) {
    const content = next.subarray(at, at + BLOCK_BYTES);
    const dictionary = old.subarray(at, at + BLOCK_BYTES);
    const frame = frameOf(content, dictionary, blocks.length);
    frames.push(frame);
    blocks.push({
      sha256: sha256(content),
      frame: { lengthBytes: frame.length, sha256: sha256(frame) },
      ranges: dictionary.length > 0 ? [{ offset: at, lengthBytes: dictionary.length }] : [],
    });
  }
  const head = writePatchHead({ imageBytes: next.length, blockBytes: BLOCK_BYTES, blocks });
  return {
    bytes: Buffer.concat([head, ...frames]),
    entry: {
      kind: 'patch',
      format: 'tidegate-patch-1',
      baseSha256: sha256(old),
      head: { lengthBytes: head.length, sha256: sha256(head) },
    },
    frameOffsets: frames.map((_, i) => frames.slice(0, i).reduce((at, frame) => at + frame.length, head.length)),
  };
}

export function honestFrame(content: Buffer, dictionary: Buffer): Buffer {
  return zstdCompressSync(content, dictionary.length > 0 ? { dictionary } : {});
}

export async function handMadeChunks(next: Buffer): Promise<HandMade> {
  const chunks = [];
  const pieces = async function* () {
    yield next;
  };
  for await (const chunk of chunksOf(pieces())) chunks.push(chunk);
  return { bytes: writeChunkIndex(next.length, chunks), entry: { kind: 'chunks', format: 'tidegate-chunks-1' } };
}
