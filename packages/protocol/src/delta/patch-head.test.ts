import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { type MadeBlock, readPatchHead, writePatchHead } from './patch-head.ts';

const BLOCK = LIMITS.patchBlockBytesMin;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const madeBlock: fc.Arbitrary<MadeBlock> = fc.record({
  sha256: fc.string().map(sha256),
  frame: fc.record({ lengthBytes: fc.integer({ min: 1, max: BLOCK }), sha256: fc.string().map(sha256) }),
  ranges: fc.array(
    fc.record({ offset: fc.integer({ min: 0, max: 2 ** 33 }), lengthBytes: fc.integer({ min: 1, max: 2 ** 18 }) }),
    { maxLength: 5 },
  ),
});

function headOf(blocks: readonly MadeBlock[], imageBytes = blocks.length * BLOCK) {
  const bytes = writePatchHead({ imageBytes, blockBytes: BLOCK, blocks });
  const framesBytes = blocks.reduce((sum, { frame }) => sum + frame.lengthBytes, 0);
  return { bytes, patchBytes: bytes.length + framesBytes };
}

const BLOCKS: MadeBlock[] = [1, 2].map(n => ({
  sha256: sha256(`block ${n}`),
  frame: { lengthBytes: 100 * n, sha256: sha256(`frame ${n}`) },
  ranges: [{ offset: 4096 * n, lengthBytes: 65_536 }],
}));

test('reads what it wrote, and knows where each frame lies', () => {
  fc.assert(
    fc.property(
      fc.array(madeBlock, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: BLOCK - 1 }),
      (blocks, missing) => {
        const { bytes, patchBytes } = headOf(blocks, blocks.length * BLOCK - missing);
        const head = readPatchHead(bytes, patchBytes);
        if (!head.ok) throw new Error(`${head.fault.path} ${head.fault.message}`);
        let offset = bytes.length;
        for (const [i, block] of head.value.blocks.entries()) {
          expect(block).toMatchObject({ ...blocks[i], frame: { ...blocks[i]?.frame, offset } });
          offset += block.frame.lengthBytes;
        }
        expect(head.value.blocks.reduce((sum, b) => sum + b.lengthBytes, 0)).toBe(head.value.imageBytes);
      },
    ),
  );
});

test('whatever the bytes are, a head that is read keeps to the limits', () => {
  const { bytes, patchBytes } = headOf(BLOCKS);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }))),
      fc.integer({ min: 0, max: bytes.length }),
      (changes, cut) => {
        const bad = Buffer.from(bytes);
        for (const [at, byte] of changes) bad[at] = byte;
        const head = readPatchHead(bad.subarray(0, cut), patchBytes);
        if (!head.ok) return;
        for (const { lengthBytes, ranges } of head.value.blocks) {
          expect(lengthBytes).toBeLessThanOrEqual(LIMITS.patchBlockBytes);
          expect(ranges.reduce((sum, r) => sum + r.lengthBytes, 0)).toBeLessThanOrEqual(LIMITS.patchDictionaryBytes);
        }
      },
    ),
  );
});

const [first, second] = BLOCKS as [MadeBlock, MadeBlock];
const withRanges = (ranges: MadeBlock['ranges']): MadeBlock[] => [{ ...first, ranges }, second];

test.each<[string, string, MadeBlock[], number?]>([
  ['a block too few', '/blocks', [first], 2 * BLOCK],
  ['a frame of nothing', '/blocks/0/frame', [{ ...first, frame: { ...first.frame, lengthBytes: 0 } }, second]],
  [
    'a frame beyond its block',
    '/blocks/1/frame',
    [first, { ...second, frame: { ...second.frame, lengthBytes: 2 ** 20 } }],
  ],
  ['a range of nothing', '/blocks/0/ranges/0', withRanges([{ offset: 0, lengthBytes: 0 }])],
  ['a range beyond any image', '/blocks/0/ranges/0', withRanges([{ offset: 2 ** 47, lengthBytes: 1 }])],
  ['a dictionary beyond the limit', '/blocks/0/ranges', withRanges([{ offset: 0, lengthBytes: 2 ** 24 + 1 }])],
  [
    'ranges without end',
    '/blocks/0/ranges',
    withRanges(Array.from({ length: 91 }, () => ({ offset: 0, lengthBytes: 1 }))),
  ],
])('refuses %s', (_, path, blocks, imageBytes) => {
  const { bytes, patchBytes } = headOf(blocks, imageBytes);
  expect(readPatchHead(bytes, patchBytes)).toMatchObject({ ok: false, fault: { path } });
});

test('refuses a head that is cut, goes on, or tells of another length than was signed', () => {
  const { bytes, patchBytes } = headOf(BLOCKS);
  for (const [bad, signed] of [
    [bytes.subarray(0, -1), patchBytes],
    [Buffer.concat([bytes, Buffer.alloc(1)]), patchBytes],
    [bytes, patchBytes + 1],
    [Buffer.from('no patch'), 8],
    [Buffer.alloc(0), 0],
  ] as const)
    expect(readPatchHead(bad, signed)).toMatchObject({ ok: false });
});
