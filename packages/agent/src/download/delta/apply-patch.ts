/**
 * Makes the new image out of the old one and a patch, block by block, into a sink that keeps what it has. No byte of the
 * patch is used before its hash is that of the signed head, and none of a block is kept before the block's own hash fits;
 * a frame cannot give more than its block. Memory is bounded by head, dictionary and block.
 */
import { hash } from 'node:crypto';
import { constants, zstdDecompressSync } from 'node:zlib';
import type { PatchEntry } from '@tidegate/protocol';
import { type PatchBlock, type PatchHead, readPatchHead } from '@tidegate/protocol/delta';
import type { ArtifactSink, SignedDelta } from '../../ports.ts';
import { garbageCollector } from './collect-garbage.ts';
import { fetchSigned, type OpenRange, openRange, type RangeSource, requireHash } from './fetch-range.ts';
import type { OldFile } from './old-file.ts';
import { closed, unfit, type WayEnd } from './way-end.ts';

/** A window of 8 MiB: no block is larger. */
const ZSTD_WINDOW_LOG_MAX = 23;

export interface ApplyPatch {
  readonly range: RangeSource;
  readonly delta: SignedDelta<PatchEntry>;
  readonly old: OldFile;
  readonly sink: ArtifactSink;
  readonly imageBytes: number;
  readonly onBytes: (received: number) => void;
}

/** @throws AgentError network, artifact-hash, artifact-length (this source lies), data-budget, stopped; the sink keeps whole blocks */
export async function applyPatch({ range, delta, old, sink, imageBytes, onBytes }: ApplyPatch): Promise<WayEnd> {
  const head = await fetchHead(range, delta);
  if (!('blocks' in head)) return head;
  if (head.imageBytes !== imageBytes) return unfit(`the patch leads to ${head.imageBytes} bytes`);
  const from = blockAt(head, sink.size());
  const first = head.blocks[from];
  if (!first) return { kind: 'whole' };
  const frames = await openRange(range, delta, { from: first.frame.offset, to: delta.lengthBytes });
  if (!frames) return closed(range);
  const dictionary = reusedBuffer();
  const collectGarbage = garbageCollector();
  try {
    for (const [i, block] of head.blocks.entries()) {
      if (i < from) continue;
      const frame = await takeFrame(frames, block, range);
      const content = blockFrom(frame, block, await readRanges(old, block, dictionary));
      if (!content) return unfit(`block ${i} does not come out of what runs here`);
      // Where another way ended within the block, its rest goes on from there.
      await sink.append(content.subarray(sink.size() - i * head.blockBytes));
      onBytes(sink.size());
      collectGarbage(content.length);
    }
  } finally {
    await frames.hangUp();
  }
  return { kind: 'whole' };
}

async function fetchHead(range: RangeSource, delta: SignedDelta<PatchEntry>): Promise<PatchHead | WayEnd> {
  const bytes = await fetchSigned(range, delta, delta.entry.head, 'the head of the patch');
  if (!bytes) return closed(range);
  const head = readPatchHead(bytes, delta.lengthBytes);
  return head.ok ? head.value : unfit(`the signed head${head.fault.path} ${head.fault.message}`);
}

function blockAt({ blockBytes, imageBytes, blocks }: PatchHead, bytes: number): number {
  return bytes === imageBytes ? blocks.length : Math.floor(bytes / blockBytes);
}

async function takeFrame(frames: OpenRange, { frame }: PatchBlock, range: RangeSource): Promise<Buffer> {
  const bytes = await frames.take(frame.lengthBytes);
  requireHash(bytes, frame.sha256, range, 'a frame of the patch');
  return bytes;
}

/**
 * In this thread, some ten milliseconds for a block: threads keep what they have freed, a megabyte here and there.
 * @returns undefined where it is not the block that was signed
 */
function blockFrom(
  frame: Buffer,
  { lengthBytes, sha256 }: PatchBlock,
  dictionary: Buffer | undefined,
): Buffer | undefined {
  if (!dictionary) return undefined;
  const content = decompress(frame, dictionary, lengthBytes);
  return content?.length === lengthBytes && hash('sha256', content, 'hex') === sha256 ? content : undefined;
}

/** @returns undefined where it is no frame, or one of more bytes */
function decompress(frame: Buffer, dictionary: Buffer, maxBytes: number): Buffer | undefined {
  try {
    return zstdDecompressSync(frame, {
      ...(dictionary.length > 0 && { dictionary }),
      chunkSize: Math.max(maxBytes, CHUNK_BYTES_LEAST),
      maxOutputLength: maxBytes,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
    });
  } catch (error) {
    if (isDataFault(error)) return undefined;
    throw error;
  }
}

/** zlib takes no smaller ones. */
const CHUNK_BYTES_LEAST = 64;

/** Said about the bytes: they are not of the format, or are more than they may be. */
function isDataFault(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(ZSTD_|ERR_BUFFER_TOO_LARGE)/.test(String(error.code));
}

/** @returns undefined where the old image ends before */
async function readRanges(
  old: OldFile,
  { ranges }: PatchBlock,
  bufferOf: (lengthBytes: number) => Buffer,
): Promise<Buffer | undefined> {
  const dictionary = bufferOf(ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0));
  let at = 0;
  for (const { offset, lengthBytes } of ranges) {
    if (!(await old.fill(dictionary.subarray(at, at + lengthBytes), offset))) return undefined;
    at += lengthBytes;
  }
  return dictionary;
}

/** One buffer that grows: memory that is given back to the collector is not free for a while. */
function reusedBuffer(): (lengthBytes: number) => Buffer {
  let buffer = Buffer.alloc(0);
  return lengthBytes => {
    if (buffer.length < lengthBytes) buffer = Buffer.allocUnsafeSlow(lengthBytes);
    return buffer.subarray(0, lengthBytes);
  };
}
