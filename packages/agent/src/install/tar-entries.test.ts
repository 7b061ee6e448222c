import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { create, Header, Pax } from 'tar';
import { expect, test } from 'vitest';
import { tarEntries } from './tar-entries.ts';

async function* inPieces(bytes: Buffer, sizes: readonly number[] = [bytes.length]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function read(bytes: Buffer, sizes?: readonly number[]): Promise<{ path: string; type: string; text: string }[]> {
  const found = [];
  for await (const { path, type, body } of tarEntries(inPieces(bytes, sizes))) {
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(piece);
    found.push({ path, type, text: Buffer.concat(pieces).toString() });
  }
  return found;
}

/** A block of a header, and what follows it. */
function entry(path: string, type: 'File' | 'NextFileHasLongPath' | 'ExtendedHeader', body: string): Buffer {
  const block = Buffer.alloc(512);
  const bytes = Buffer.from(body);
  new Header({ path, type, mode: 0o644, size: bytes.length }).encode(block, 0);
  return Buffer.concat([block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);
const LONG = `${'deep/'.repeat(60)}file.txt`;

test('reads what tar wrote, however it comes in pieces, gzipped or not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-tar-'));
  const files = { 'a.txt': 'one', [LONG]: 'x'.repeat(3000), 'empty.txt': '' };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const packed = create({ cwd: folder, sync: true }, Object.keys(files)).read();
  if (!packed) throw new Error('tar wrote nothing');
  const wanted = Object.entries(files).map(([path, text]) => ({ path, type: 'File', text }));
  const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.boolean(), async (sizes, gzipped) => {
      expect(await read(gzipped ? gzipSync(packed) : packed, sizes)).toEqual(wanted);
    }),
    { numRuns: 40 },
  );
  await rm(folder, { recursive: true });
});

test('takes a long name from a header of GNU or of POSIX, for the next entry alone', async () => {
  for (const header of [entry('@', 'NextFileHasLongPath', `${LONG}\0`), new Pax({ path: LONG }).encode()]) {
    const bytes = Buffer.concat([header, entry('short', 'File', '1'), entry('next', 'File', '2'), END]);
    expect((await read(bytes)).map(e => e.path)).toEqual([LONG, 'next']);
  }
});

test('takes a long link as a whole', async () => {
  const block = Buffer.alloc(512);
  new Header({ path: 'l', type: 'SymbolicLink', linkpath: LONG.slice(0, 99), size: 0 }).encode(block, 0);
  const bytes = Buffer.concat([new Pax({ linkpath: LONG }).encode(), block, END]);
  for await (const { linkpath } of tarEntries(inPieces(bytes))) expect(linkpath).toBe(LONG);
});

test('passes over what nobody reads of an entry', async () => {
  const bytes = Buffer.concat([entry('a', 'File', 'x'.repeat(2000)), entry('b', 'File', '2'), END]);
  const paths: string[] = [];
  for await (const { path } of tarEntries(inPieces(bytes, [700]))) paths.push(path);
  expect(paths).toEqual(['a', 'b']);
});

test.each([
  ['ends within a header', entry('a', 'File', '').subarray(0, 300)],
  ['ends within a file', entry('a', 'File', 'x'.repeat(1000)).subarray(0, 700)],
  ['has a damaged header', Buffer.from(entry('a', 'File', '1')).fill(0x31, 100, 120)],
  ['is none', Buffer.alloc(2000, 'x')],
  ['has an extended header without bound', entry('x', 'ExtendedHeader', 'x'.repeat(65_537))],
  ['is gzipped and cut', gzipSync(Buffer.concat([entry('a', 'File', 'x'.repeat(5000)), END])).subarray(0, 60)],
  ['is gzipped and damaged', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100, 7)])],
])('refuses an archive that %s', async (_, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({ code: 'installer-failed' });
});

test('reads its source to the end, whatever lies behind the archive', async () => {
  const bytes = Buffer.concat([entry('a', 'File', '1'), END, Buffer.alloc(5000, 'z')]);
  let ended = false;
  const source = async function* () {
    yield* inPieces(bytes, [512]);
    ended = true;
  };
  for await (const { path } of tarEntries(source())) expect(path).toBe('a');
  expect(ended).toBe(true);
});

test('a source that fails is told as it is', async () => {
  const source = async function* () {
    yield gzipSync(entry('a', 'File', '1')).subarray(0, 15);
    throw Object.assign(new Error('the disk is gone'), { code: 'EIO' });
  };
  await expect(async () => {
    for await (const { body } of tarEntries(source())) for await (const piece of body) void piece;
  }).rejects.toMatchObject({ code: 'EIO' });
});
