/** Slots as they are on devices: block devices (loop devices here), one of them mounted, and the names that udev gives them. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { durableFiles } from '../../durable/durable-files.ts';
import { targetFor } from '../test-target.ts';
import { openAbImageInstaller } from './ab-image-installer.ts';
import { openSlot, readBack } from './slot-device.ts';
import { makeGrub } from './test-boot-loader.ts';

const never = new AbortController().signal;
const SLOT_BYTES = 4 * 1024 * 1024;
const IMAGE = randomBytes(2 * 1024 * 1024 + 777);
let folder: string;
let slots: { a: string; b: string };
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe' }).trim();
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-block-'));
  const made = [];
  for (const name of ['a', 'b']) {
    await writeFile(at(`disk-${name}`), Buffer.alloc(SLOT_BYTES));
    made.push(run('losetup', '--find', '--show', at(`disk-${name}`)));
    await symlink(made.at(-1) ?? '', at(`rootfs-${name}`));
  }
  slots = { a: at('rootfs-a'), b: at('rootfs-b') };
});
afterEach(async () => {
  for (const slot of Object.values(slots)) run('losetup', '--detach', slot);
  await rm(folder, { recursive: true });
});

async function open() {
  return openAbImageInstaller({
    component: 'rootfs',
    slots,
    running: 'a',
    environment: (await makeGrub(folder))(durableFiles),
    trialBoots: 2,
    factory: { version: '1.0.0', counter: 1 },
    trustDir: at('trust'),
    files: durableFiles,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
}

const release = targetFor(IMAGE, { component: 'rootfs', format: 'image', file: 'rootfs.img' });

test('takes an image in and finds it on the disk itself, past every cache', async () => {
  const installer = await open();
  const intake = await installer.intake?.(release);
  const sink = await intake?.open();
  if (!sink) throw new Error('no intake');
  for (let from = 0; from < IMAGE.length; from += 300_000) await sink.append(IMAGE.subarray(from, from + 300_000));
  expect(await sink.seal()).toBe(release.sha256);
  await sink.close();
  expect((await installer.intake?.(release))?.isWhole).toBe(true);
  expect(await installer.install(slots.b, release, never)).toBe('b');
  expect(await installer.activate('b')).toBe('reboot');
  expect((await readFile(at('disk-b'))).subarray(0, IMAGE.length).equals(IMAGE)).toBe(true);
});

test('writes an image that came as a file, too', async () => {
  await writeFile(at('artifact'), IMAGE);
  await (await open()).install(at('artifact'), release, never);
  expect(await readBack(slots.b, IMAGE.length)).toEqual({
    bytes: IMAGE.length,
    sha256: createHash('sha256').update(IMAGE).digest('hex'),
  });
});

test('knows how large it is, and that a device under another name is the same one', async () => {
  const device = await openSlot(slots.b, slots.a);
  expect(device.capacity).toBe(SLOT_BYTES);
  await device.handle.close();
  await symlink(run('readlink', '-f', slots.a), at('by-uuid'));
  await expect(openSlot(at('by-uuid'), slots.a)).rejects.toMatchObject({ code: 'installer-failed' });
});

test('a slot that is mounted is not written', async () => {
  run('mke2fs', '-q', '-t', 'ext4', slots.b);
  await mkdir(at('mnt'));
  run('mount', slots.b, at('mnt'));
  try {
    await expect((await (await open()).intake?.(release))?.open()).rejects.toMatchObject({ code: 'slot-mismatch' });
  } finally {
    run('umount', at('mnt'));
  }
});
