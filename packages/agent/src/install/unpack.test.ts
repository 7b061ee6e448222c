import { lstat, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { firstDifference } from './manifest.ts';
import { unpackTar } from './unpack.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-unpack-'));
  await mkdir(join(folder, 'slot'));
});
afterEach(() => rm(folder, { recursive: true }));

type Entry = { path: string; type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'FIFO'; body?: string } & {
  linkpath?: string;
  mode?: number;
  size?: number;
};

function archive(...entries: Entry[]): Buffer {
  const parts = entries.flatMap(({ path, type = 'File', body = '', linkpath, mode = 0o644, size }) => {
    const bytes = Buffer.from(body);
    const header = new Header({ path, type, mode, size: size ?? bytes.length, ...(linkpath ? { linkpath } : {}) });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

const never = new AbortController().signal;
const unpack = (bytes: Buffer, limits?: { entries: number; bytes: number }) =>
  unpackTar(Readable.from([bytes]), join(folder, 'slot'), never, limits);

test('unpacks folders, files and inward links, gzipped, and reads them back', async () => {
  const bytes = archive(
    { path: './' },
    { path: './bin/', type: 'Directory' },
    { path: './bin/app', body: '#!/bin/sh\n', mode: 0o4777 },
    { path: './app', type: 'SymbolicLink', linkpath: 'bin/app' },
    { path: 'deep/er/data.txt', body: 'x'.repeat(5000) },
  ).subarray(512);
  const entries = await unpack(gzipSync(bytes));
  expect(await firstDifference(join(folder, 'slot'), entries)).toBeUndefined();
  expect(await readFile(join(folder, 'slot/deep/er/data.txt'), 'utf8')).toHaveLength(5000);
  expect(await readlink(join(folder, 'slot/app'))).toBe('bin/app');
  expect((await lstat(join(folder, 'slot/bin/app'))).mode & 0o7777).toBe(0o755);
});

test.each<[string, Entry[]]>([
  ['a path that climbs out', [{ path: '../evil', body: 'x' }]],
  ['a path that climbs out in the middle', [{ path: 'a/../../evil', body: 'x' }]],
  ['an absolute path', [{ path: '/tmp/evil', body: 'x' }]],
  ['a link that leads out', [{ path: 'l', type: 'SymbolicLink', linkpath: '../..' }]],
  ['an absolute link', [{ path: 'l', type: 'SymbolicLink', linkpath: '/etc/passwd' }]],
  [
    'a file behind a link',
    [
      { path: 'l', type: 'SymbolicLink', linkpath: 'x' },
      { path: 'l/evil', body: 'x' },
    ],
  ],
  ['a hard link', [{ path: 'l', type: 'Link', linkpath: '/etc/passwd' }]],
  ['a pipe', [{ path: 'p', type: 'FIFO' }]],
  [
    'one name twice',
    [
      { path: 'a', body: '1' },
      { path: 'a', body: '2' },
    ],
  ],
])('refuses %s', async (_name, entries) => {
  await expect(unpack(archive(...entries))).rejects.toMatchObject({ code: 'installer-failed' });
  await expect(lstat(join(folder, 'evil'))).rejects.toThrow('ENOENT');
});

test('refuses a bomb: bytes without end, entries without end, a size that lies', async () => {
  const zeros = gzipSync(Buffer.concat([archive({ path: 'z', size: 64e6 }).subarray(0, 512), Buffer.alloc(64e6)]));
  await expect(unpack(zeros)).rejects.toMatchObject({ code: 'installer-failed' });
  const limits = { entries: 10, bytes: 1000 };
  await rm(join(folder, 'slot'), { recursive: true });
  await mkdir(join(folder, 'slot'));
  await expect(unpack(archive({ path: 'b', body: 'x'.repeat(1001) }), limits)).rejects.toThrow('too many bytes');
  const many = archive(...Array.from({ length: 11 }, (_, i) => ({ path: `f${i}` })));
  await expect(unpack(many, limits)).rejects.toThrow('too many entries');
});

test('refuses what is cut short or no archive at all', async () => {
  const whole = archive({ path: 'a', body: 'x'.repeat(3000) });
  await expect(unpack(whole.subarray(0, 1500))).rejects.toMatchObject({ code: 'installer-failed' });
  await expect(unpack(Buffer.from('not an archive'))).rejects.toMatchObject({ code: 'installer-failed' });
  await expect(unpack(gzipSync(whole).subarray(0, 40))).rejects.toMatchObject({ code: 'installer-failed' });
});

test('tells what differs between the tree and its manifest', async () => {
  const entries = await unpack(archive({ path: 'a', body: '1' }));
  const slot = join(folder, 'slot');
  await writeFile(join(slot, 'stray'), '');
  expect(await firstDifference(slot, entries)).toBe('stray does not belong there');
  await rm(join(slot, 'stray'));
  await writeFile(join(slot, 'a'), '2');
  expect(await firstDifference(slot, entries)).toBe('a is not what was sent');
  await rm(join(slot, 'a'));
  expect(await firstDifference(slot, entries)).toBe('a is missing');
});

test('does not blame the archive for a fault of the disk, whatever the file is called', async () => {
  const nowhere = unpackTar(Readable.from([archive({ path: 'start-target.tar' })]), join(folder, 'gone'), never);
  await expect(nowhere).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' });
});
