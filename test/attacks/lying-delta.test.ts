import { readFile, writeFile } from 'node:fs/promises';
import { zstdCompressSync } from 'node:zlib';
import { contentPath } from '@tidegate/protocol';
import { BLOCK_BYTES, handMadeChunks, handMadePatch, type HandMade, honestFrame, noise } from '@tidegate/test';
import { expect, test } from 'vitest';
import { type DeltaDevice, deltaDevice, NEW, OLD } from '../delta/device.ts';

const HONEST = handMadePatch(OLD, NEW);

/** Whatever was tried, the image comes out, and the delta is not tried again. */
async function endsWell(device: DeltaDevice, file: string, code: string): Promise<void> {
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(device.givenUp).toMatchObject([{ path: file, fault: { code } }]);
}

/** From now on these bytes come for the delta; its signed length and hash stay. */
function serveInstead(device: DeltaDevice, file: string, bytes: Buffer): void {
  const delta = device.deltas.find(d => d.path.endsWith(`/${file}`));
  if (!delta) throw new Error(`no ${file}`);
  const artifacts = new Map(device.victim.repo.artifacts).set(contentPath(delta.path, delta.sha256), bytes);
  device.victim.server.serve({ metadata: device.victim.repo.metadata, artifacts });
}

test('a patch whose old image has changed ends in the image, which keeps the blocks that were right', async () => {
  await using device = await deltaDevice({ 'p.patch': HONEST });
  const changed = Buffer.from(OLD);
  changed.fill(7, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES);
  await writeFile(device.oldPath, changed);
  await endsWell(device, 'p.patch', 'requirement-missing');
  expect(device.asked('app.bin')).toEqual([`bytes=${2 * BLOCK_BYTES}-`]);
});

test('an old image that ends too soon is no harm', async () => {
  await using device = await deltaDevice({ 'p.patch': HONEST });
  await writeFile(device.oldPath, OLD.subarray(0, 100_000));
  await endsWell(device, 'p.patch', 'requirement-missing');
});

test('a truncated patch is refused before any of it is used', async () => {
  await using device = await deltaDevice({ 'p.patch': HONEST });
  serveInstead(device, 'p.patch', HONEST.bytes.subarray(0, -1));
  await endsWell(device, 'p.patch', 'requirement-missing');
});

test('a patch of another release under this one’s name is refused', async () => {
  await using device = await deltaDevice({ 'p.patch': HONEST });
  const other = handMadePatch(OLD, noise(NEW.length, 'another release')).bytes;
  serveInstead(
    device,
    'p.patch',
    Buffer.concat([other, Buffer.alloc(HONEST.bytes.length)]).subarray(0, HONEST.bytes.length),
  );
  await endsWell(device, 'p.patch', 'artifact-hash');
});

test('a frame that was changed on the way is not decompressed', async () => {
  await using device = await deltaDevice({ 'p.patch': HONEST });
  const bytes = Buffer.from(HONEST.bytes);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  serveInstead(device, 'p.patch', bytes);
  await endsWell(device, 'p.patch', 'artifact-hash');
});

test('chunks and indexes that were changed on the way are refused', async () => {
  await using device = await deltaDevice({ 'c.chunks': await handMadeChunks(NEW) });
  const index = Buffer.from((await handMadeChunks(NEW)).bytes);
  index.writeUInt8(index.readUInt8(40) ^ 1, 40);
  serveInstead(device, 'c.chunks', index);
  await endsWell(device, 'c.chunks', 'artifact-hash');
});

const bomb = zstdCompressSync(Buffer.alloc(256 * 1024 ** 2));
const lies: [string, HandMade][] = [
  [
    'a frame that grows beyond its block (a bomb)',
    handMadePatch(OLD, NEW, (c, d, i) => (i === 3 ? bomb : honestFrame(c, d))),
  ],
  ['a frame that is no zstd', handMadePatch(OLD, NEW, (c, d, i) => (i === 3 ? noise(50, 'x') : honestFrame(c, d)))],
  [
    'a frame that gives less than its block',
    handMadePatch(OLD, NEW, (c, d, i) => honestFrame(i === 3 ? c.subarray(1) : c, d)),
  ],
  [
    'a frame that gives other bytes',
    handMadePatch(OLD, NEW, (c, d, i) => honestFrame(i === 3 ? noise(c.length, 'y') : c, d)),
  ],
];
test.each(lies)('signed, but a lie: %s', async (_, made) => {
  await using device = await deltaDevice({ 'p.patch': made });
  const before = process.memoryUsage().rss;
  await endsWell(device, 'p.patch', 'requirement-missing');
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2);
});

test('signed, but to another image: what comes out is judged by the image’s own hash', async () => {
  await using device = await deltaDevice({
    'p.patch': handMadePatch(OLD, Buffer.concat([NEW.subarray(1), Buffer.alloc(1)])),
  });
  await endsWell(device, 'p.patch', 'artifact-hash');
});
