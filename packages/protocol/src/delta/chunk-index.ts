/**
 * The index of an image's chunks, `tidegate-chunks-1`: length and hash of each, in their order. Kept as the bytes that it
 * is, since a large image has hundreds of thousands. Pure; whether it is the signed one is asked before.
 */
import { LIMITS } from '../limits.ts';
import type { Parsed } from '../schema.ts';
import { byteReader, u32, u48 } from './byte-reader.ts';
import { CHUNK_BYTES_MAX } from './chunker.ts';

const MAGIC = Buffer.from('TGCHUNK1', 'latin1');
const HEAD_BYTES = MAGIC.length + 6 + 4;
const ENTRY_BYTES = 4 + 32;

export interface ChunkIndex {
  readonly imageBytes: number;
  readonly count: number;
  lengthAt(i: number): number;
  sha256At(i: number): Buffer;
}

export function writeChunkIndex(
  imageBytes: number,
  chunks: readonly { readonly lengthBytes: number; readonly sha256: Buffer }[],
): Buffer {
  const entries = chunks.flatMap(({ lengthBytes, sha256 }) => [u32(lengthBytes), sha256]);
  return Buffer.concat([MAGIC, u48(imageBytes), u32(chunks.length), ...entries]);
}

export function readChunkIndex(bytes: Buffer): Parsed<ChunkIndex> {
  const reader = byteReader(bytes.subarray(0, HEAD_BYTES));
  if (!reader.bytes(MAGIC.length).equals(MAGIC)) return fault('', 'is no index of this format');
  const imageBytes = reader.u48();
  const count = reader.u32();
  if (imageBytes < 1 || imageBytes > LIMITS.artifactBytes) return fault('/imageBytes', 'is no length of an image');
  if (bytes.length !== HEAD_BYTES + count * ENTRY_BYTES) return fault('/chunks', `are not ${count}`);
  const entry = (i: number) => HEAD_BYTES + i * ENTRY_BYTES;
  const lengthAt = (i: number) => bytes.readUInt32BE(entry(i));
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const length = lengthAt(i);
    if (length < 1 || length > CHUNK_BYTES_MAX) return fault(`/chunks/${i}`, 'has no length of a chunk');
    sum += length;
  }
  if (sum !== imageBytes) return fault('/chunks', `have ${sum} bytes, the image has ${imageBytes}`);
  const sha256At = (i: number) => bytes.subarray(entry(i) + 4, entry(i) + ENTRY_BYTES);
  return { ok: true, value: { imageBytes, count, lengthAt, sha256At } };
}

function fault(path: string, message: string): { ok: false; fault: { path: string; message: string } } {
  return { ok: false, fault: { path, message } };
}
