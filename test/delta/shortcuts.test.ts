import { readFile, writeFile } from 'node:fs/promises';
import { BLOCK_BYTES, handMadeChunks, handMadePatch, noise } from '@tidegate/test';
import { expect, test } from 'vitest';
import { deltaDevice, NEW, OLD } from './device.ts';

const patch = handMadePatch(OLD, NEW);
const [at10 = 0, at12 = 0] = [patch.frameOffsets[10], patch.frameOffsets[12]];

test('a patch brings the image, and nothing is asked of the image itself', async () => {
  await using device = await deltaDevice({ 'p.patch': patch });
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(patch.bytes.length).toBeLessThan(NEW.length / 6);
  expect(device.asked('p.patch')).toHaveLength(2);
  expect(device.asked('app.bin')).toEqual([]);
});

test('chunks bring it to a device that runs anything alike, from ranges of the image', async () => {
  await using device = await deltaDevice({ 'c.chunks': await handMadeChunks(NEW) });
  await writeFile(device.oldPath, Buffer.concat([noise(5_000, 'changed'), OLD.subarray(5_000)]));
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  const fetched = device.asked('app.bin').map(range => {
    const [from = 0, to = 0] = range.slice('bytes='.length).split('-').map(Number);
    return to - from + 1;
  });
  expect(fetched.reduce((sum, n) => sum + n, 0)).toBeLessThan(NEW.length / 4);
});

test('of several ways the cheapest is taken', async () => {
  const longer = handMadePatch(OLD, NEW, content => content);
  await using device = await deltaDevice({
    'c.chunks': await handMadeChunks(NEW),
    'longer.patch': longer,
    'p.patch': patch,
    'other.patch': handMadePatch(noise(1_000_000, 'another image'), NEW),
  });
  await device.download();
  expect(device.asked('p.patch')).toHaveLength(2);
  for (const file of ['c.chunks', 'longer.patch', 'other.patch', 'app.bin']) expect(device.asked(file)).toEqual([]);
});

test('goes on at the block where the line broke', async () => {
  await using device = await deltaDevice({ 'p.patch': patch });
  device.victim.server.twist('p.patch', { kind: 'halt', at: at12 });
  await expect(device.download()).rejects.toMatchObject({ code: 'network' });
  device.victim.server.honest();
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(device.asked('p.patch').at(-1)).toBe(`bytes=${at12}-${patch.bytes.length - 1}`);
  expect(device.givenUp).toEqual([]);
});

test('a line that breaks again and again ends in the image itself, which goes on from what is there', async () => {
  await using device = await deltaDevice({ 'p.patch': patch });
  device.victim.server.twist('p.patch', { kind: 'halt', at: at10 });
  for (let i = 0; i < 2; i++) await expect(device.download()).rejects.toMatchObject({ code: 'network' });
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(device.asked('app.bin')).toEqual([`bytes=${10 * BLOCK_BYTES}-`]);
  expect(device.givenUp).toMatchObject([{ path: 'p.patch', fault: { code: 'network' } }]);
});

test('where patches cannot be had, chunks are tried, then the image', async () => {
  await using device = await deltaDevice({ 'p.patch': patch, 'c.chunks': await handMadeChunks(NEW) });
  device.victim.server.twist('p.patch', { kind: 'status', status: 404 });
  device.victim.server.twist('c.chunks', { kind: 'status', status: 404 });
  expect((await readFile(await device.download())).equals(NEW)).toBe(true);
  expect(device.givenUp.map(g => g.path)).toEqual(['p.patch', 'c.chunks']);
  expect(device.asked('app.bin')).toEqual(['whole']);
});
