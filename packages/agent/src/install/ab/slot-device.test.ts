import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceNumber, readBack } from './slot-device.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-slot-'));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([0, 1, 511, 512, 1024 * 1024, 1024 * 1024 + 1])('reads back %i bytes and not one more', async bytes => {
  const path = join(folder, 'slot');
  const content = randomBytes(2 * 1024 * 1024 + 100);
  await writeFile(path, content);
  const sha256 = createHash('sha256').update(content.subarray(0, bytes)).digest('hex');
  expect(await readBack(path, bytes)).toEqual({ bytes, sha256 });
});

test('tells a slot that ends before the image', async () => {
  const path = join(folder, 'slot');
  await writeFile(path, '');
  await truncate(path, 5000);
  expect(await readBack(path, 6000)).toMatchObject({ bytes: 5000 });
});

test('takes the number of a device apart as Linux packs it', () => {
  expect(deviceNumber(0xb3_03)).toEqual({ major: 179, minor: 3 });
  expect(deviceNumber(0x10_3f_ff)).toEqual({ major: 0x3f, minor: 0x1ff });
});
