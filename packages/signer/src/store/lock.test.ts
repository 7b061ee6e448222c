import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { alone } from './lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-lock-'));
});

test('work is done one after the other, and nothing is left behind', async () => {
  let inside = 0;
  const seen: number[] = [];
  await Promise.all(
    Array.from({ length: 8 }, () =>
      alone(dir, async () => {
        seen.push(++inside);
        await new Promise(setImmediate);
        inside--;
      }),
    ),
  );
  expect(seen).toEqual(Array(8).fill(1));
  expect(await readdir(dir)).toEqual([]);
});

test('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync('true');
  await writeFile(join(dir, '.lock'), `${pid} 1 gone\n`);
  expect(await alone(dir, async () => 'done')).toBe('done');
});

test('the lock of a process whose number was given to another is taken over', async () => {
  await writeFile(join(dir, '.lock'), `${process.pid} 1 before-the-reboot\n`);
  expect(await alone(dir, async () => 'done')).toBe('done');
});

test('the lock of a living process is respected', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(other, 'spawn');
  try {
    await writeFile(join(dir, '.lock'), `${other.pid} - alive\n`);
    await expect(alone(dir, async () => 'done', 50)).rejects.toEqual(
      expect.objectContaining({ code: 'repository-busy' }),
    );
  } finally {
    other.kill('SIGKILL');
  }
});

test('work that fails gives the lock back', async () => {
  await expect(alone(dir, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await alone(dir, async () => 'done')).toBe('done');
});
