/**
 * The guide's script for GRUB, run by GRUB's own interpreter, with the environment block that the agent writes on a file
 * system that GRUB reads and writes by itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { durableFiles } from '../../durable/durable-files.ts';
import type { BootControl } from './boot-control.ts';
import { environmentControl } from './environment-control.ts';
import { BLOCK_BYTES } from './grub-block.ts';
import { grubEnvironment } from './grub-environment.ts';

const GUIDE = new URL('../../../../../docs/installers.md', import.meta.url);
const RUN_MS = 30_000;
let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-grub-'));
  await mkdir(at('root'));
  execFileSync('grub-editenv', [at('root/grubenv'), 'create']);
  execFileSync('grub-editenv', [at('root/grubenv'), 'set', 'tidegate_slot=a', 'upgrade_available=0', 'saved=x']);
  // Blocks of the size of the environment: it lies in one of them.
  execFileSync('mke2fs', ['-q', '-b', String(BLOCK_BYTES), '-t', 'ext2', '-d', at('root'), at('disk'), '2M']);
  await writeFile(at('device.map'), `(hd0) ${at('disk')}\n`);
  await writeFile(at('grub.cfg'), await scriptOfGuide());
});
afterEach(() => rm(folder, { recursive: true }));

async function scriptOfGuide(): Promise<string> {
  const chapter = (await readFile(GUIDE, 'utf8')).split('### GRUB\n')[1] ?? '';
  const script = /```\n(.*?)```/s.exec(chapter)?.[1] ?? '';
  return (
    script
      .replace('load_env', 'load_env --file (hd0)/grubenv')
      .replace('save_env', 'save_env --file (hd0)/grubenv')
      // Of what the kernel would be told, as much as fits on GRUB's line.
      .replace(/^linux .*(tidegate\.slot=\S+) ro$/m, 'echo "starts: $1 :end"\nexit')
  );
}

/** @returns where the environment's block lies on the disk, in bytes */
function placeOfBlock(): number {
  const said = execFileSync('debugfs', ['-R', 'blocks /grubenv', at('disk')], { encoding: 'utf8', stdio: 'pipe' });
  return Number(said.trim()) * BLOCK_BYTES;
}

/** The agent's work, on the block as the disk holds it. */
async function agent<T>(work: (boot: BootControl) => Promise<T>, trialBoots = 2): Promise<T> {
  const disk = await open(at('disk'), 'r+');
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    await disk.read(block, 0, BLOCK_BYTES, placeOfBlock());
    await writeFile(at('block'), block);
    const result = await work(environmentControl(grubEnvironment(at('block'), durableFiles), trialBoots));
    await disk.write(await readFile(at('block')), 0, BLOCK_BYTES, placeOfBlock());
    return result;
  } finally {
    await disk.close();
  }
}

/** One start. @returns what the kernel would be told */
function start(): string | undefined {
  const options = { encoding: 'utf8', stdio: 'pipe', timeout: RUN_MS, env: { ...process.env, TERM: 'dumb' } } as const;
  const said = execFileSync('grub-emu', ['-m', at('device.map'), '-d', folder], { ...options, input: '' });
  return /starts: tidegate\.slot=(\S+) :end/.exec(said)?.[1];
}

const starts = (times: number) => Array.from({ length: times }, start);

test('a system that is not on trial is started again and again, and nothing is counted', async () => {
  expect(starts(3)).toEqual(['a', 'a', 'a']);
  expect(await agent(boot => boot.state())).toEqual({ next: 'a' });
});

test('a trial gets its starts, then the old system as many, then the recovery system, and the agent sees each', async () => {
  await agent(boot => boot.arm('b'));
  expect(starts(1)).toEqual(['b']);
  expect(await agent(boot => boot.state())).toEqual({ next: 'b', armed: { slot: 'b', triesLeft: 1 } });
  expect(starts(4)).toEqual(['b', 'a', 'a', 'recovery']);
  expect(await agent(boot => boot.state())).toEqual({
    next: 'b',
    armed: { slot: 'b', triesLeft: 0, recovered: true },
  });
});

test('a system that proved itself is started for good, one that was left never', async () => {
  await agent(boot => boot.arm('b'));
  expect(starts(1)).toEqual(['b']);
  await agent(boot => boot.commit('b'));
  expect(starts(3)).toEqual(['b', 'b', 'b']);
  await agent(boot => boot.arm('a'));
  expect(starts(1)).toEqual(['a']);
  await agent(boot => boot.leave('a', 'b'));
  expect(starts(3)).toEqual(['b', 'b', 'b']);
});

test('counts for as many starts as the config allows', async () => {
  await agent(boot => boot.arm('b'), 8);
  expect(starts(17).join(' ')).toBe(`${'b '.repeat(8)}${'a '.repeat(8)}recovery`);
});
