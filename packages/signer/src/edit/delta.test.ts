import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdDecompressSync } from 'node:zlib';
import { type PatchHead, readChunkIndex, readPatchHead } from '@tidegate/protocol/delta';
import { beforeEach, expect, test } from 'vitest';
import { makePatch } from '../delta/make-patch.ts';
import { draft, storeAt } from '../store/store.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { TargetEntry } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';

const ROLE = 'p-gw2-beta';

/** Bytes that look like chance and are the same each time. */
function noise(length: number, seed: string): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash('sha256').update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const OLD = noise(600_000, 'old');
/** The old image with a piece put in, a piece taken out, and the rest moved. */
const NEW = Buffer.concat([OLD.subarray(300_000), noise(10_000, 'new'), OLD.subarray(5_000, 300_000)]);

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

async function add(version: string, bytes: Buffer, said: object = {}): Promise<string> {
  const file = join(made.dir, '..', 'rootfs.img');
  await writeFile(file, bytes);
  return (await made.repo.addRelease(release(file, { channel: 'beta', version, ...said }))).path;
}

async function targets() {
  return (await draft(storeAt(made.dir), ROLE, parseTargets))?.signed.targets ?? {};
}

const artifact = (sha256 = '') => readFile(join(made.dir, 'artifacts', sha256));

/** What a device does with a patch. */
function apply(patch: Buffer, { blocks }: PatchHead, old: Buffer): Buffer {
  return Buffer.concat(
    blocks.map(({ frame, ranges }) => {
      const dictionary = Buffer.concat(
        ranges.map(({ offset, lengthBytes }) => old.subarray(offset, offset + lengthBytes)),
      );
      const bytes = patch.subarray(frame.offset, frame.offset + frame.lengthBytes);
      return zstdDecompressSync(bytes, dictionary.length > 0 ? { dictionary } : {});
    }),
  );
}

test('a patch makes the new image out of the old one, and is a small part of it', async () => {
  await add('1.0.0', OLD);
  const image = await add('1.1.0', NEW);
  const [patch] = await made.repo.addDeltas({ image, from: ['1.0.0'], chunks: false });
  expect(patch).toMatchObject({ kind: 'patch', from: '1.0.0', outcome: 'listed', imageBytes: NEW.length });
  const target = (await targets())[patch?.path ?? ''] as TargetEntry;
  const bytes = await artifact(target.hashes.sha256);
  expect(bytes.length).toBeLessThan(15_000);
  const { lengthBytes, sha256 } = (target.custom as { head: { lengthBytes: number; sha256: string } }).head;
  expect(createHash('sha256').update(bytes.subarray(0, lengthBytes)).digest('hex')).toBe(sha256);
  const head = readPatchHead(bytes.subarray(0, lengthBytes), bytes.length);
  if (!head.ok) throw new Error(head.fault.message);
  expect(apply(bytes, head.value, OLD).equals(NEW)).toBe(true);
  expect(await made.repo.sign(ROLE, made.keys.ci.signer)).toMatchObject({ complete: true });
});

test('an index of chunks has the image’s pieces, and tells what a device would fetch', async () => {
  await add('1.0.0', OLD);
  const image = await add('1.1.0', NEW);
  const [chunks] = await made.repo.addDeltas({ image, from: [], chunks: true });
  expect(chunks).toMatchObject({ kind: 'chunks', outcome: 'listed' });
  expect(chunks?.fetchedBytes).toBeLessThan(NEW.length / 2);
  const index = readChunkIndex(await artifact((await targets())[chunks?.path ?? '']?.hashes.sha256));
  expect(index).toMatchObject({ ok: true, value: { imageBytes: NEW.length } });
});

test('asked again it makes nothing twice', async () => {
  await add('1.0.0', OLD);
  const image = await add('1.1.0', NEW);
  const ask = () => made.repo.addDeltas({ image, from: ['1.0.0'], chunks: true });
  const first = await ask();
  expect((await ask()).map(d => d.outcome)).toEqual(['listed-before', 'listed-before']);
  expect((await ask()).map(d => d.path)).toEqual(first.map(d => d.path));
});

test('what saves little is not kept: compressed images have little in common', async () => {
  await add('1.0.0', gzipSync(OLD));
  const image = await add('1.1.0', gzipSync(noise(600_000, 'another')));
  const before = await readdir(join(made.dir, 'artifacts'));
  const deltas = await made.repo.addDeltas({ image, from: ['1.0.0'], chunks: true });
  expect(deltas.map(d => d.outcome)).toEqual(['no-gain', 'no-gain']);
  expect(await readdir(join(made.dir, 'artifacts'))).toEqual(before);
  expect(Object.keys(await targets())).toHaveLength(2);
});

test('comes only from older releases for the same hardware whose images are here; else nothing is made', async () => {
  const first = await add('1.0.0', OLD);
  await add('1.0.1', noise(1000, 'c'), { hardware: ['gw2-c'] });
  const image = await add('1.1.0', NEW);
  const ask = (...from: string[]) => made.repo.addDeltas({ image, from, chunks: true });
  const before = await targets();
  await expect(ask('1.0.0', '0.9.0')).rejects.toMatchObject({ code: 'target-unknown' });
  await expect(ask('1.0.1')).rejects.toMatchObject({ code: 'target-unknown' });
  await expect(ask('1.1.0')).rejects.toMatchObject({ code: 'target-unknown' });
  await rm(join(made.dir, 'artifacts', before[first]?.hashes.sha256 ?? ''));
  await expect(ask('1.0.0')).rejects.toMatchObject({ code: 'artifact-missing' });
  expect(await targets()).toEqual(before);
});

test('leaves its list with the image that it leads to, and cannot be signed without it', async () => {
  const { repo, keys } = made;
  await add('1.0.0', OLD);
  const image = await add('1.1.0', NEW);
  const [patch] = await repo.addDeltas({ image, from: ['1.0.0'], chunks: false });
  await repo.sign(ROLE, keys.ci.signer);
  const said = { product: 'gw2', channel: 'beta', component: 'rootfs', version: '1.1.0', reason: { en: 'Bad.' } };
  const gone = await repo.withdraw({ ...said, file: 'rootfs.img' });
  expect(gone.paths).toEqual([image, patch?.path]);
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
});

test('the same images give the same patch, also where the old one begins like a dictionary of zstd', async () => {
  const header = Buffer.from('37a430ec', 'hex');
  const old = await made.image('old.img', '');
  const next = await made.image('next.img', '');
  await writeFile(old, Buffer.concat([header, OLD]));
  await writeFile(next, Buffer.concat([header, OLD, NEW.subarray(0, 1000)]));
  const outPath = (name: string) => join(made.dir, '..', name);
  const one = await makePatch({ oldPath: old, newPath: next, outPath: outPath('1.patch') });
  expect(await makePatch({ oldPath: old, newPath: next, outPath: outPath('2.patch') })).toEqual(one);
  const patch = await readFile(outPath('1.patch'));
  expect(await readFile(outPath('2.patch'))).toEqual(patch);
  const head = readPatchHead(patch.subarray(0, one.head.lengthBytes), patch.length);
  if (!head.ok) throw new Error(head.fault.message);
  expect(apply(patch, head.value, await readFile(old)).equals(await readFile(next))).toBe(true);
});
