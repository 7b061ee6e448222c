/**
 * Puts the new image together from chunks that the old one has and ranges of the full image, into a sink that keeps what
 * it has. Each chunk is hashed before it is kept, wherever it comes from. Memory is bounded by the index and one chunk.
 */
import { hash } from 'node:crypto';
import type { ChunksEntry } from '@tidegate/protocol';
import { type ChunkIndex, readChunkIndex } from '@tidegate/protocol/delta';
import { AgentError } from '../../agent-error.ts';
import type { ArtifactSink, SignedArtifact, SignedDelta } from '../../ports.ts';
import { fetchSigned, openRange, type RangeSource } from './fetch-range.ts';
import { type KnownChunks, knownChunks } from './known-chunks.ts';
import type { OldFile } from './old-file.ts';
import { closed, unfit, type WayEnd } from './way-end.ts';

export interface ApplyChunks {
  readonly range: RangeSource;
  readonly delta: SignedDelta<ChunksEntry>;
  /** The full image, from which what is lacking is fetched. */
  readonly image: SignedArtifact;
  readonly old: OldFile;
  readonly sink: ArtifactSink;
  readonly onBytes: (received: number) => void;
}

/** @throws AgentError network, artifact-hash, artifact-length (this source lies), data-budget, stopped; the sink keeps whole chunks */
export async function applyChunks({ range, delta, image, old, sink, onBytes }: ApplyChunks): Promise<WayEnd> {
  const index = await fetchIndex(range, delta);
  if (!('count' in index)) return index;
  if (index.imageBytes !== image.lengthBytes) return unfit(`the index is of ${index.imageBytes} bytes`);
  const known = await knownChunks(index, old, () => {
    if (range.signal.aborted) throw new AgentError('stopped', 'stopped while the old image was read');
    onBytes(sink.size());
  });
  /** @returns whether the old image still has it */
  const fromOld = async ({ i, skip }: ChunkAt): Promise<boolean> => {
    const offset = known(i);
    if (offset === undefined) return false;
    const bytes = Buffer.allocUnsafe(index.lengthAt(i));
    if (!(await old.fill(bytes, offset)) || !isChunk(index, i, bytes)) return false;
    await sink.append(bytes.subarray(skip));
    return true;
  };
  let at = chunkAt(index, sink.size());
  while (at.i < index.count) {
    if (range.signal.aborted) throw new AgentError('stopped', 'stopped in the middle of the chunks');
    if (await fromOld(at)) at = after(index, at);
    else {
      const end = await fetchRun({ range, image, index, known, sink }, at);
      if (!end) return closed(range);
      at = end;
    }
    onBytes(sink.size());
  }
  return { kind: 'whole' };
}

async function fetchIndex(range: RangeSource, delta: SignedDelta<ChunksEntry>): Promise<ChunkIndex | WayEnd> {
  const bytes = await fetchSigned(range, delta, delta, 'the index');
  if (!bytes) return closed(range);
  const index = readChunkIndex(bytes);
  return index.ok ? index.value : unfit(`the signed index${index.fault.path} ${index.fault.message}`);
}

/** A chunk of the new image, with what of it the sink has already. */
interface ChunkAt {
  readonly i: number;
  readonly offset: number;
  readonly skip: number;
}

function chunkAt(index: ChunkIndex, bytes: number): ChunkAt {
  let offset = 0;
  for (let i = 0; i < index.count; i++) {
    const length = index.lengthAt(i);
    if (offset + length > bytes) return { i, offset, skip: bytes - offset };
    offset += length;
  }
  return { i: index.count, offset, skip: 0 };
}

function after(index: ChunkIndex, { i, offset }: ChunkAt): ChunkAt {
  return { i: i + 1, offset: offset + index.lengthAt(i), skip: 0 };
}

interface FetchRun {
  readonly range: RangeSource;
  readonly image: SignedArtifact;
  readonly index: ChunkIndex;
  readonly known: KnownChunks;
  readonly sink: ArtifactSink;
}

/** This chunk and those after it that the old image lacks, in one request. @returns what comes next; undefined: not in ranges */
async function fetchRun({ range, image, index, known, sink }: FetchRun, at: ChunkAt): Promise<ChunkAt | undefined> {
  let end = after(index, at);
  while (end.i < index.count && known(end.i) === undefined) end = after(index, end);
  const opened = await openRange(range, image, { from: at.offset, to: end.offset });
  if (!opened) return undefined;
  try {
    for (let here = at; here.i < end.i; here = after(index, here)) {
      const bytes = await opened.take(index.lengthAt(here.i));
      if (!isChunk(index, here.i, bytes))
        throw new AgentError('artifact-hash', `${range.source}: a chunk of the image is not what was signed`);
      await sink.append(bytes.subarray(here.skip));
    }
  } finally {
    await opened.hangUp();
  }
  return end;
}

function isChunk(index: ChunkIndex, i: number, bytes: Buffer): boolean {
  return hash('sha256', bytes, 'buffer').equals(index.sha256At(i));
}
