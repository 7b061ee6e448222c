/** U-Boot's environment where the power goes while its own tool writes it. */
import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { durableFiles } from '../../durable/durable-files.ts';
import { bootState, onTrial } from './boot-environment.ts';
import { makeUboot } from './test-boot-loader.ts';

/** What `fw_setenv` changes the file by. */
const WRITES = 'write,pwrite64,fsync,fdatasync';
const COPY_BYTES = 0x2000;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-uboot-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('killed at any write of fw_setenv, it arms the slot with all its variables or not at all', async () => {
  const environment = (await makeUboot(folder))(durableFiles);
  const [file, before, script] = [join(folder, 'env.bin'), join(folder, 'before.bin'), join(folder, 'script.txt')];
  const config = join(folder, 'fw_env.config');
  await copyFile(file, before);
  const was = await environment.read();
  const set = onTrial('b', 3);
  await writeFile(
    script,
    Object.entries(set).map(([name, value]) => `${name}=${value}\n`),
  );
  const seen = new Set<string>();
  for (let n = 1; ; n++) {
    await copyFile(before, file);
    const inject = ['-e', `inject=${WRITES}:signal=SIGKILL:when=${n}`];
    const args = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${WRITES}`, ...inject, 'fw_setenv'];
    const ended = spawnSync('strace', [...args, '-c', config, '-s', script], { stdio: 'ignore' });
    const now = await environment.read();
    const isArmed = bootState(now).armed !== undefined;
    expect({ n, ...now }).toEqual({ n, ...was, ...(isArmed ? set : {}) });
    seen.add(isArmed ? 'armed' : 'as it was');
    if (ended.signal === null && ended.status === 0) break;
    expect(n).toBeLessThan(100);
  }
  expect([...seen].toSorted()).toEqual(['armed', 'as it was']);
});

test('torn at any byte, a copy that came to the disk by halves does not count', async () => {
  const environment = (await makeUboot(folder))(durableFiles);
  const was = await environment.read();
  const file = join(folder, 'env.bin');
  const before = await readFile(file);
  const set = onTrial('b', 3);
  await environment.write(set);
  const after = await readFile(file);
  for (const bytes of [1, 4, 5, 20, 60, 100, 130, COPY_BYTES]) {
    const torn = Buffer.from(before);
    for (const copy of [0, COPY_BYTES]) after.copy(torn, copy, copy, copy + bytes);
    await writeFile(file, torn);
    const expected = bytes === COPY_BYTES ? { ...was, ...set } : was;
    expect({ bytes, ...(await environment.read()) }).toEqual({ bytes, ...expected });
  }
});
