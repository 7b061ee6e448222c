import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openArtifactStore } from './artifact-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-artifacts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = Buffer.from('0123456789');
const sha256 = createHash('sha256').update(content).digest('hex');
const limits = { maxBytes: 10, exactBytes: undefined };

/** Every file below the folder. */
async function files(): Promise<string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter(f => f.isFile()).map(f => f.name);
}

it('keeps an artifact under its hash, and gives it whole or in part', async () => {
  const store = await openArtifactStore(folder);
  expect(await store.put(sha256, Readable.from([content.subarray(0, 4), content.subarray(4)]), limits)).toBe(10);
  expect(await files()).toEqual([sha256]);
  expect(await buffer(store.read(sha256))).toEqual(content);
  expect(await buffer(store.read(sha256, { start: 2, end: 3 }))).toEqual(Buffer.from('23'));
});

it('takes the same artifact twice at once', async () => {
  const store = await openArtifactStore(folder);
  await Promise.all([1, 2].map(() => store.put(sha256, Readable.from([content]), limits)));
  expect(await buffer(store.read(sha256))).toEqual(content);
});

it('leaves nothing of what is wrong, too long, too short or cut off', async () => {
  const store = await openArtifactStore(folder);
  async function* cutOff() {
    yield content;
    throw new Error('the connection broke');
  }
  const put = (bytes: Readable, more: object = {}) => store.put(sha256, bytes, { ...limits, ...more });
  await expect(put(Readable.from([Buffer.from('other')]))).rejects.toMatchObject({ code: 'hash-mismatch' });
  await expect(put(Readable.from([content, content]))).rejects.toMatchObject({ code: 'body-too-large' });
  await expect(put(Readable.from([content]), { exactBytes: 11 })).rejects.toMatchObject({ code: 'length-mismatch' });
  // Many times: whether the file is there yet when its sender fails is the scheduler's choice.
  for (let time = 0; time < 50; time++) {
    await expect(put(Readable.from(cutOff()))).rejects.toThrow('the connection broke');
  }
  expect(await files()).toEqual([]);
});

it('removes what a killed run left half written, and not what another process receives right now', async () => {
  await openArtifactStore(folder);
  const [left, arriving] = [join(folder, 'incoming', 'left'), join(folder, 'incoming', 'arriving')];
  await writeFile(left, 'half');
  await writeFile(arriving, 'half');
  const twoHoursAgo = new Date(Date.now() - 7_200_000);
  await utimes(left, twoHoursAgo, twoHoursAgo);
  await openArtifactStore(folder);
  expect(await files()).toEqual(['arriving']);
});

it('takes nothing for a hash that is none: no name from outside becomes a path', async () => {
  const store = await openArtifactStore(folder);
  for (const name of ['../../etc/passwd', sha256.toUpperCase(), '']) {
    await expect(store.put(name, Readable.from([content]), limits)).rejects.toMatchObject({ code: 'not-found' });
    expect(() => store.read(name)).toThrow();
  }
});
