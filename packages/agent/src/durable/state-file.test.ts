import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as Type from '@tidegate/protocol/type';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DurableFiles, durableFiles } from './durable-files.ts';
import { createStateFile } from './state-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-state-'));
});
afterEach(() => rm(folder, { recursive: true }));

const schema = Type.Object({ n: Type.Integer() });

function open(copies: 1 | 2, files: DurableFiles = durableFiles, format = 1) {
  return createStateFile({ files, path: join(folder, 'state.json'), format, schema, copies });
}

test('says absent, then gives back what was saved', async () => {
  expect(await open(1).load()).toEqual({ kind: 'absent' });
  await open(1).save({ n: 7 });
  expect(await open(1).load()).toEqual({ kind: 'value', value: { n: 7 }, damaged: false });
});

test('keeps fields that this version does not know', async () => {
  await open(1).save({ n: 1, later: 'x' } as { n: number });
  expect(await open(1).load()).toMatchObject({ value: { n: 1, later: 'x' } });
});

test('tells one changed byte', async () => {
  await open(1).save({ n: 1 });
  const path = join(folder, 'state.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"n":1', '"n":2'));
  expect(await open(1).load()).toMatchObject({ kind: 'corrupt' });
});

test.each(['a', 'b'])('goes on with the other copy when copy %s is cut', async copy => {
  await open(2).save({ n: 5 });
  await truncate(join(folder, `state.${copy}.json`), 10);
  expect(await open(2).load()).toEqual({ kind: 'value', value: { n: 5 }, damaged: true });
});

test('takes the newer copy when the power went between the two writes', async () => {
  await open(2).save({ n: 1 });
  let writes = 0;
  const failing: DurableFiles = {
    ...durableFiles,
    write: async (path, bytes) => {
      writes += 1;
      if (writes === 2) throw new Error('power cut');
      await durableFiles.write(path, bytes);
    },
  };
  await expect(open(2, failing).save({ n: 2 })).rejects.toThrow('power cut');
  expect(await open(2).load()).toMatchObject({ value: { n: 2 } });
});

test('reads the format before its own and refuses a later one', async () => {
  await open(1).save({ n: 3 });
  expect(await open(1, durableFiles, 2).load()).toMatchObject({ kind: 'value' });
  expect(await open(1, durableFiles, 3).load()).toMatchObject({ kind: 'corrupt' });
});

test('points a link elsewhere and tells where it points', async () => {
  await durableFiles.pointLink(join(folder, 'current'), 'one');
  await durableFiles.pointLink(join(folder, 'current'), 'two');
  expect(await durableFiles.readLink(join(folder, 'current'))).toBe('two');
  expect(await durableFiles.list(folder)).toEqual(['current']);
});
