import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILE_PATTERN } from '@tidegate/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  checkVersion,
  FIRMWARE_BYTES_MAX,
  inspectFirmware,
  keepFirmware,
  requireRoom,
  signedName,
  versionIn,
} from './firmware-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-firmware-'));
  writeFileSync(join(folder, 'router-2.4.1.img'), 'firmware');
  writeFileSync(join(folder, 'empty.bin'), '');
  writeFileSync(join(folder, 'huge.bin'), '');
  truncateSync(join(folder, 'huge.bin'), FIRMWARE_BYTES_MAX + 1);
  mkdirSync(join(folder, 'folder'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('takes a file by a path from where the user stands, with the version that its name tells', () => {
  const path = join(folder, 'router-2.4.1.img');
  const file = { path, bytes: 8, name: 'router-2.4.1.img', version: '2.4.1' };
  expect(inspectFirmware('router-2.4.1.img', folder)).toEqual(file);
  expect(inspectFirmware(path, '/')).toEqual(file);
});

test.each([
  ['nothing', '', 'Name a file'],
  ['a file that is not there', 'none.bin', 'There is no file'],
  ['a file below a file', 'router-2.4.1.img/x', 'There is no file'],
  ['a link that leads nowhere', 'dangling', 'There is no file'],
  ['a folder', 'folder', 'is a folder'],
  ['an empty file', 'empty.bin', 'is empty'],
  ['a file that is too large', 'huge.bin', 'takes up to 256 MiB'],
  ['a pipe, without waiting for it', 'pipe', 'is not a regular file'],
  ['a device without end', '/dev/zero', 'is not a regular file'],
  ['a name of 300 characters', 'x'.repeat(300), 'too long'],
  ['a name with a zero byte', 'a\0b', 'cannot be read'],
])('refuses %s in plain words', (_what, given, words) => {
  expect(() => inspectFirmware(given, folder)).toThrow(words);
});

test.each([
  ['router-2.4.1.img', 'router-2.4.1.img'],
  ['my firmware (final).bin', 'my-firmware-final.bin'],
  ['Über-Gerät.bin', 'Uber-Gerat.bin'],
  ['日本.bin', 'firmware.bin'],
  ['-rf', 'rf'],
  ['--help.tar.gz', 'help.tar.gz'],
  ['.hidden', 'hidden'],
  ['trailing.', 'trailing'],
  [`${'x'.repeat(250)}.img`, `${'x'.repeat(124)}.img`],
])('signs %j under the name %j', (original, name) => {
  expect(signedName(original)).toBe(name);
});

test('signs whatever there is under a name that the path of a target allows', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), original => {
      expect(signedName(original)).toMatch(new RegExp(FILE_PATTERN));
    }),
  );
});

test.each([
  ['router-2.4.1.img', '2.4.1'],
  ['openwrt-23.05.3-rc2-x86.img.gz', '23.05.3-rc2'],
  ['app_v1.0.tar.gz', '1.0'],
  ['build20261124.bin', '1.0.0'],
  ['archive-1.7z', '1.0.0'],
  ['firmware', '1.0.0'],
])('reads in the name %j the version %j', (name, version) => {
  expect(versionIn(name)).toBe(version);
});

test.each(['', '-1', 'a b', '1/2', 'x'.repeat(65), 'factory'])('a release cannot be called %j', version => {
  expect(() => checkVersion(version)).toThrow();
});

test('keeps a copy, whatever becomes of the file; one that changed in the meantime is refused', async () => {
  const file = inspectFirmware('router-2.4.1.img', folder);
  const { copy } = await keepFirmware(file, join(folder, 'kept'));
  expect(await readFile(copy, 'utf8')).toBe('firmware');
  for (const bytes of [7, 9])
    await expect(keepFirmware({ ...file, bytes }, join(folder, 'kept'))).rejects.toThrow(/changed|grew/);
});

test('says beforehand how much room is missing', () => {
  const file = { ...inspectFirmware('router-2.4.1.img', folder), bytes: 2 ** 50 };
  expect(() => requireRoom(file, folder, 10)).toThrow(/10 devices need \d+ MiB/);
});
