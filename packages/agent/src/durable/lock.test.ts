import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acquireLock } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('is held by one at a time, and free after its release', async () => {
  const path = join(folder, 'lock');
  const lock = await acquireLock(path);
  await expect(acquireLock(path)).rejects.toMatchObject({ code: 'not-now' });
  await lock.release();
  await (await acquireLock(path)).release();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ['a process that is gone', '4194999 1 boot'],
  ['a process of before, whose number another one has now', `${process.pid} 1 boot`],
  ['nobody: the power went while it was written', ''],
])('is taken from %s', async (_, holder) => {
  const path = join(folder, 'lock');
  await writeFile(path, holder);
  await (await acquireLock(path)).release();
});

test('of many who want it at once, one gets it, time and again', async () => {
  for (let round = 0; round < 50; round++) {
    const path = join(folder, `lock-${round}`);
    await writeFile(path, '4194999 1 boot');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(path)));
    expect(results.filter(r => r.status === 'fulfilled')).toHaveLength(1);
  }
});

test('is taken where another process died in the middle of clearing it', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '4194999 1 boot');
  await writeFile(`${path}.clear`, '4194998 1 boot');
  await (await acquireLock(path)).release();
});
