/**
 * The `ab-image` installer on slots that are files, with the real tools of U-Boot's environment and GRUB's own block.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { BREAKS, breakAt } from '../../durable/broken-files.ts';
import { type DurableFiles, durableFiles } from '../../durable/durable-files.ts';
import type { AcceptedTarget, Installer, SlotName } from '../../ports.ts';
import { targetFor } from '../test-target.ts';
import { openAbImageInstaller } from './ab-image-installer.ts';
import { type BootEnvironment, bootState } from './boot-environment.ts';
import { bootLoader, makeGrub, makeUboot, startNext } from './test-boot-loader.ts';

const never = new AbortController().signal;
const SLOT_BYTES = 3 * 1024 * 1024 + 512;
const OLD = randomBytes(SLOT_BYTES);
const IMAGE = randomBytes(2 * 1024 * 1024 + 777);
let folder: string;
const slotFile = (slot: SlotName) => join(folder, `slot-${slot}`);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-ab-'));
  await writeFile(slotFile('a'), OLD);
  await writeFile(slotFile('b'), Buffer.alloc(SLOT_BYTES));
});
afterEach(() => rm(folder, { recursive: true }));

function open(
  environment: BootEnvironment,
  { running = 'a', files = durableFiles }: { running?: SlotName; files?: DurableFiles } = {},
): Promise<Installer> {
  return openAbImageInstaller({
    component: 'rootfs',
    slots: { a: slotFile('a'), b: slotFile('b') },
    running,
    environment,
    trialBoots: 2,
    factory: { version: '1.0.0', counter: 1 },
    trustDir: join(folder, 'trust'),
    files,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
}

async function release(format = 'image', bytes = IMAGE): Promise<{ file: string; target: AcceptedTarget }> {
  const file = join(folder, 'artifact');
  await writeFile(file, bytes);
  return { file, target: targetFor(bytes, { component: 'rootfs', format, disruption: 'full', file: 'rootfs.img' }) };
}

const slotHolds = async (slot: SlotName, bytes: Buffer) => {
  const found = await readFile(slotFile(slot));
  return found.length === SLOT_BYTES && found.subarray(0, bytes.length).equals(bytes);
};

describe.each([
  ['U-Boot', makeUboot],
  ['GRUB', makeGrub],
])('with %s', (_loader, make) => {
  let environmentOn: (files: DurableFiles) => BootEnvironment;
  let environment: BootEnvironment;
  beforeEach(async () => {
    environmentOn = await make(folder);
    environment = environmentOn(durableFiles);
  });

  test('writes the slot that does not run, starts it on trial, commits it', async () => {
    const { file, target } = await release();
    const old = await open(environment);
    const slot = await old.install(file, target, never);
    expect(await bootLoader(environment)).toBe('a');
    expect(await old.activate(slot)).toBe('reboot');
    expect(await old.slots()).toMatchObject({ running: 'a', armed: { slot: 'b', triesLeft: 2 } });

    const running = await bootLoader(environment);
    const next = await open(environment, { running });
    expect([await old.runningImage?.(), await next.runningImage?.()]).toMatchObject([
      undefined,
      { lengthBytes: IMAGE.length },
    ]);
    expect(await next.slots()).toMatchObject({ running: 'b', armed: { slot: 'b', triesLeft: 1 } });
    await next.proveHealthy(never);
    await next.markGood('b');
    expect(await next.slots()).toEqual({
      running: 'b',
      records: {
        a: { version: '1.0.0', counter: 1, good: true },
        b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true },
      },
    });
    for (let i = 0; i < 5; i++) expect(await bootLoader(environment)).toBe('b');
    expect([await slotHolds('a', OLD), await slotHolds('b', IMAGE)]).toEqual([true, true]);
  });

  test('an image that never gets as far as the agent is left by the boot loader, and that is seen', async () => {
    const { file, target } = await release();
    const old = await open(environment);
    await old.activate(await old.install(file, target, never));
    const starts = [];
    for (let i = 0; i < 4; i++) starts.push(await bootLoader(environment));
    expect(starts).toEqual(['b', 'b', 'a', 'a']);
    const back = await open(environment);
    expect(await back.slots()).toMatchObject({ running: 'a', armed: { slot: 'b', triesLeft: 0 } });
    expect(await back.markBad('b')).toBe('live');
    expect(await back.slots()).toEqual({ running: 'a', records: { a: { version: '1.0.0', counter: 1, good: true } } });
    expect(await bootLoader(environment)).toBe('a');
  });

  test('where the old system does not start either, the recovery system does, and that is told afterwards', async () => {
    const { file, target } = await release();
    const old = await open(environment);
    await old.activate(await old.install(file, target, never));
    const starts = [];
    for (let i = 0; i < 6; i++) starts.push(await startNext(environment));
    expect(starts).toEqual(['b', 'b', 'a', 'a', 'recovery', 'recovery']);
    // It repaired slot a, and gives it its starts once more.
    await environment.write({ bootcount: '2' });
    expect(await startNext(environment)).toBe('a');
    const repaired = await open(environment);
    expect((await repaired.slots()).armed).toEqual({ slot: 'b', triesLeft: 0, recovered: true });
    await repaired.markBad('b');
    expect(await repaired.slots()).toEqual({
      running: 'a',
      records: { a: { version: '1.0.0', counter: 1, good: true } },
    });
    for (let i = 0; i < 6; i++) expect(await startNext(environment)).toBe('a');
  });

  test('an image that is not healthy is left by a restart', async () => {
    const { file, target } = await release();
    const old = await open(environment);
    await old.activate(await old.install(file, target, never));
    const trial = await open(environment, { running: await bootLoader(environment) });
    expect(await trial.markBad('b')).toBe('reboot');
    expect(await bootLoader(environment)).toBe('a');
    expect((await (await open(environment)).slots()).armed).toBeUndefined();
  });

  test('a slot that is written anew cannot be started meanwhile, whatever the boot environment said', async () => {
    const { file, target } = await release();
    const old = await open(environment);
    await old.activate(await old.install(file, target, never));
    const broken = await release('image', randomBytes(1000));
    await writeFile(broken.file, randomBytes(1000));
    await expect(old.install(broken.file, broken.target, never)).rejects.toMatchObject({ code: 'artifact-hash' });
    expect(await bootLoader(environment)).toBe('a');
    await expect(old.activate('b')).rejects.toMatchObject({ code: 'activate-failed' });
  });

  test.each(BREAKS)(
    'ends committed, and always starts a whole slot, whichever write a %s hits',
    {
      timeout: 300_000,
    },
    async kind => {
      const { file, target } = await release();
      for (let n = 1; ; n++) {
        await rm(join(folder, 'trust'), { recursive: true, force: true });
        await writeFile(slotFile('b'), Buffer.alloc(SLOT_BYTES));
        await environment.write({ tidegate_slot: 'a', upgrade_available: '0', bootcount: '0' });
        const broken = breakAt(n, kind);
        const life = (async () => {
          const old = await open(environmentOn(broken.files), { files: broken.files });
          await old.activate(await old.install(file, target, never));
          const next = await open(environmentOn(broken.files), {
            running: await bootLoader(environment),
            files: broken.files,
          });
          await next.markGood('b');
        })();
        await Promise.race([life, broken.dead]).catch(() => undefined);

        let running = await bootLoader(environment);
        expect({ n, isWhole: await slotHolds(running, running === 'a' ? OLD : IMAGE) }).toEqual({ n, isWhole: true });
        if (running === 'a') {
          const again = await open(environment);
          await again.activate(await again.install(file, target, never));
          running = await bootLoader(environment);
        }
        const last = await open(environment, { running });
        await last.markGood('b');
        const end = await last.slots();
        const seen = { running: end.running, isGood: end.records.b?.good, isArmed: end.armed !== undefined };
        expect({ n, ...seen }).toEqual({ n, running: 'b', isGood: true, isArmed: false });
        if (broken.reached()) continue;
        expect(n).toBeGreaterThan(6);
        return;
      }
    },
  );
});

describe('the image', () => {
  let environment: BootEnvironment;
  beforeEach(async () => {
    environment = (await makeGrub(folder))(durableFiles);
  });

  test.each([
    ['image-gzip', gzipSync(IMAGE)],
    ['image-zstd', zstdCompressSync(IMAGE)],
  ])('is unpacked on the way as %s', async (format, bytes) => {
    const { file, target } = await release(format, bytes);
    await (await open(environment)).install(file, target, never);
    expect(await slotHolds('b', IMAGE)).toBe(true);
  });

  test.each([
    ['larger than the slot', 'image', randomBytes(SLOT_BYTES + 1)],
    ['small, and larger than the slot once unpacked', 'image-zstd', zstdCompressSync(Buffer.alloc(SLOT_BYTES + 1))],
    ['not of its format', 'image-gzip', IMAGE],
    ['not of its format either', 'image-zstd', IMAGE],
    ['cut short before it was signed', 'image-gzip', gzipSync(IMAGE).subarray(0, 100_000)],
    ['of a format for another installer', 'tar', IMAGE],
  ])('is refused for good where it is %s, and the slot is not started', async (_what, format, bytes) => {
    const { file, target } = await release(format, bytes);
    const installer = await open(environment);
    const refused = installer.install(file, target, never);
    await expect(refused).rejects.toMatchObject({ code: 'installer-failed', class: 'reject' });
    expect((await installer.slots()).records.b).toBeUndefined();
    expect((await readFile(slotFile('b'))).length).toBe(SLOT_BYTES);
    expect(await slotHolds('a', OLD)).toBe(true);
  });

  test('is not started where the slot was changed after it was written', async () => {
    const { file, target } = await release();
    const installer = await open(environment);
    await installer.install(file, target, never);
    const bytes = await readFile(slotFile('b'));
    bytes[1_000_000]! ^= 1;
    await writeFile(slotFile('b'), bytes);
    await expect(installer.activate('b')).rejects.toMatchObject({ code: 'slot-mismatch' });
    expect(await bootLoader(environment)).toBe('a');
  });

  test('never goes over the running slot, under whatever name that is given', async () => {
    await rm(slotFile('b'));
    await link(slotFile('a'), slotFile('b'));
    const { file, target } = await release();
    const refused = (await open(environment)).install(file, target, never);
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('is the slot that runs') });
    expect(await slotHolds('a', OLD)).toBe(true);
  });
});

test('with both copies of U-Boot’s environment damaged the device runs on, and nothing is armed', async () => {
  const environment = (await makeUboot(folder))(durableFiles);
  const { file, target } = await release();
  const installer = await open(environment);
  await installer.install(file, target, never);
  await writeFile(join(folder, 'env.bin'), Buffer.alloc(0x4000));
  expect(await installer.slots()).toMatchObject({ running: 'a' });
  await expect(installer.activate('b')).rejects.toMatchObject({ code: 'activate-failed' });
});

test('with one copy of U-Boot’s environment damaged the other one counts', async () => {
  const environment = (await makeUboot(folder))(durableFiles);
  await environment.write({ bootcount: '1' });
  const bytes = await readFile(join(folder, 'env.bin'));
  for (const at of [0x0010, 0x2010]) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 0xff;
    await writeFile(join(folder, 'env.bin'), damaged);
    expect(bootState(await environment.read()).next).toBe('a');
  }
});
