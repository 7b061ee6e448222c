import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { PipedFile } from './piped-file.ts';

const BYTES = randomBytes(1_000_003);
let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-piped-'));
  path = join(folder, 'image');
  await writeFile(path, BYTES);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Looks at what it was given only when it is done with it: a buffer that was filled too early shows. */
function slowWriter(): { writer: Writable; seen: Buffer[] } {
  const seen: Buffer[] = [];
  const write = async (chunk: Buffer, done: () => void) => {
    await setImmediate();
    await setImmediate();
    seen.push(Buffer.from(chunk));
    done();
  };
  return { writer: new Writable({ write: (chunk: Buffer, _, done) => void write(chunk, done) }), seen };
}

it.each([
  ['the whole', 0, BYTES.length - 1],
  ['a piece within one buffer', 10, 19],
  ['one byte', 262_144, 262_144],
  ['across buffers', 200_000, 900_000],
])('writes %s of a file to a slow writer, unchanged, and ends it', async (_, start, end) => {
  const { writer, seen } = slowWriter();
  new PipedFile({ path, start, end }).pipe(writer);
  await finished(writer);
  expect(Buffer.concat(seen).equals(BYTES.subarray(start, end + 1))).toBe(true);
});

it('ends an empty file at once', async () => {
  const empty = join(folder, 'empty');
  await writeFile(empty, '');
  const { writer, seen } = slowWriter();
  new PipedFile({ path: empty, start: 0, end: -1 }).pipe(writer);
  await finished(writer);
  expect(seen).toEqual([]);
});

it.each([
  ['a file that is not there', 'nowhere', 'ENOENT'],
  ['a file that is shorter than was said', 'image', 'before 1000003'],
])('tells of %s, and does not end what it wrote', async (_, name, words) => {
  const { writer } = slowWriter();
  const file = new PipedFile({ path: join(folder, name), start: 0, end: BYTES.length });
  file.pipe(writer);
  await expect(finished(file)).rejects.toThrow(words);
  expect(writer.writableEnded).toBe(false);
});

it('comes over HTTP unchanged, to several readers at once', async () => {
  const url = await serve(
    (_, response) => void new PipedFile({ path, start: 0, end: BYTES.length - 1 }).pipe(response),
  );
  const read = async () => Buffer.from(await (await fetch(url)).arrayBuffer());
  const all = await Promise.all([read(), read(), read()]);
  expect(all.map(bytes => bytes.equals(BYTES))).toEqual([true, true, true]);
});

it('lets go of the file where the reader goes away in the middle', async () => {
  const large = join(folder, 'large');
  await writeFile(large, Buffer.alloc(32 * 1024 * 1024));
  const url = await serve((_, response) => {
    const file = new PipedFile({ path: large, start: 0, end: 32 * 1024 * 1024 - 1 });
    response.once('close', () => file.destroy());
    file.pipe(response);
  });
  await new Promise<void>((resolve, reject) => {
    const outgoing = get(url, incoming => incoming.once('data', () => resolve(void outgoing.destroy())));
    outgoing.once('error', reject);
  });
  await vi.waitUntil(async () => !(await openFiles()).includes(large), 10_000);
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openFiles(): Promise<string[]> {
  const all = await readdir('/proc/self/fd');
  return Promise.all(all.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
}
