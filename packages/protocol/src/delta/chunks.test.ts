import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Chunk, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, chunksOf } from './chunker.ts';
import { readChunkIndex, writeChunkIndex } from './chunk-index.ts';

/** Bytes that look like chance and are the same each time. */
function noise(length: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

async function chunks(bytes: Buffer, pieceBytes = 64 * 1024): Promise<Chunk[]> {
  const pieces = async function* () {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const found: Chunk[] = [];
  for await (const chunk of chunksOf(pieces())) found.push(chunk);
  return found;
}

const IMAGE = noise(1_000_000, 'image');

test('cuts an image into chunks within their bounds, each with its hash, the same however it comes', async () => {
  const cut = await chunks(IMAGE);
  let offset = 0;
  for (const chunk of cut) {
    expect(chunk.offset).toBe(offset);
    expect(chunk.lengthBytes).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
    if (chunk !== cut.at(-1)) expect(chunk.lengthBytes).toBeGreaterThan(CHUNK_BYTES_MIN);
    offset += chunk.lengthBytes;
    const digest = createHash('sha256').update(IMAGE.subarray(chunk.offset, offset)).digest();
    expect(chunk.sha256.equals(digest)).toBe(true);
  }
  expect(offset).toBe(IMAGE.length);
  expect(await chunks(IMAGE, 999)).toEqual(cut);
});

test('finds most of what moved', async () => {
  const moved = Buffer.concat([noise(12_345, 'new'), IMAGE]);
  const known = new Set((await chunks(IMAGE)).map(c => c.sha256.toString('hex')));
  const again = (await chunks(moved)).filter(c => known.has(c.sha256.toString('hex')));
  expect(again.reduce((sum, c) => sum + c.lengthBytes, 0)).toBeGreaterThan(0.8 * IMAGE.length);
});

test('cuts what repeats itself, and an empty image into nothing', async () => {
  expect((await chunks(Buffer.alloc(300_000))).map(c => c.lengthBytes)).toEqual([131_072, 131_072, 37_856]);
  expect(await chunks(Buffer.alloc(0))).toEqual([]);
});

test('reads the index that it wrote', async () => {
  const cut = await chunks(IMAGE);
  const index = readChunkIndex(writeChunkIndex(IMAGE.length, cut));
  if (!index.ok) throw new Error(index.fault.message);
  expect(index.value.count).toBe(cut.length);
  expect(Array.from(cut, (_, i) => index.value.lengthAt(i))).toEqual(cut.map(c => c.lengthBytes));
  expect(Array.from(cut, (_, i) => index.value.sha256At(i).toString('hex'))).toEqual(
    cut.map(c => c.sha256.toString('hex')),
  );
});

test('whatever the bytes are, an index that is read is whole', async () => {
  const bytes = writeChunkIndex(IMAGE.length, await chunks(IMAGE));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
      fc.integer({ min: bytes.length - 40, max: bytes.length }),
      (changes, cut) => {
        const bad = Buffer.from(bytes.subarray(0, cut));
        for (const [at, byte] of changes) bad[at] = byte;
        const index = readChunkIndex(bad);
        if (!index.ok) return;
        const lengths = Array.from({ length: index.value.count }, (_, i) => index.value.lengthAt(i));
        expect(lengths.reduce((sum, n) => sum + n, 0)).toBe(index.value.imageBytes);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
      },
    ),
  );
  expect(readChunkIndex(Buffer.alloc(0))).toMatchObject({ ok: false });
});
