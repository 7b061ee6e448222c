import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
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

/** A lock as a process of this machine would hold it, or one of another. */
async function lockedBy(pid: number | undefined, started: string, place?: string): Promise<string> {
  const own = await alone(dir, () => readFile(join(dir, '.lock'), 'utf8'));
  const content = `${pid} ${started} ${place ?? own.split(' ')[2]} of-a-test\n`;
  await writeFile(join(dir, '.lock'), content);
  return content;
}

test('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync('true');
  await lockedBy(pid, '1');
  expect(await alone(dir, async () => 'done')).toBe('done');
});

test('the lock of a process whose number was given to another is taken over', async () => {
  await lockedBy(process.pid, '1');
  expect(await alone(dir, async () => 'done')).toBe('done');
});

test('the lock of a living process is respected', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(other, 'spawn');
  try {
    await lockedBy(other.pid, '-');
    await expect(alone(dir, async () => 'done', { waitMs: 50, silentMs: 0 })).rejects.toEqual(
      expect.objectContaining({ code: 'repository-busy' }),
    );
  } finally {
    other.kill('SIGKILL');
  }
});

test('the lock of another machine is respected while its owner gives signs of life, whatever runs here', async () => {
  await lockedBy(process.pid, '1', 'another-machine');
  let beats = 0;
  const beating = setInterval(() => {
    beats += 1;
    void utimes(join(dir, '.lock'), beats, beats);
  }, 10);
  try {
    await expect(alone(dir, async () => 'done', { waitMs: 100, silentMs: 5000 })).rejects.toMatchObject({
      code: 'repository-busy',
    });
  } finally {
    clearInterval(beating);
  }
});

test('the lock of another machine is taken over when its owner falls silent, also where such a process runs here', async () => {
  await lockedBy(process.pid, '-', 'another-machine');
  expect(await alone(dir, async () => 'done', { waitMs: 60_000, silentMs: 100 })).toBe('done');
  expect(await readdir(dir)).toEqual([]);
});

test('whoever works for long gives signs of life', async () => {
  const path = join(dir, '.lock');
  await alone(dir, async () => {
    const { mtimeMs } = await stat(path);
    await vi.waitFor(async () => expect((await stat(path)).mtimeMs).toBeGreaterThan(mtimeMs), { timeout: 30_000 });
  });
});

test('work that fails gives the lock back', async () => {
  await expect(alone(dir, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await alone(dir, async () => 'done')).toBe('done');
});
