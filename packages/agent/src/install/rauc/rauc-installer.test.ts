/** The `rauc` installer with the real RAUC. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open as openFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../clock.ts';
import { breakAt } from '../../durable/broken-files.ts';
import { durableFiles } from '../../durable/durable-files.ts';
import type { AcceptedTarget, Installer } from '../../ports.ts';
import { openInstaller } from '../open-installer.ts';
import { targetFor } from '../test-target.ts';
import { openRaucInstaller, type RaucInstallerDeps } from './rauc-installer.ts';
import { openTestRauc, SLOTS, STARTS, type TestRauc } from './test-rauc.ts';

const never = new AbortController().signal;
const IMAGE = randomBytes(300_000);
const OLD = { version: '1.0.0', counter: 1, good: true };
let device: TestRauc;
beforeEach(async () => {
  device = await openTestRauc();
});
afterEach(() => {
  vi.unstubAllEnvs();
  return device[Symbol.asyncDispose]();
});

const around = {
  hardware: 'gw2-a',
  bootId: '1'.repeat(32),
  random: Math.random,
  files: durableFiles,
  clock: systemClock,
  log: pino({ level: 'silent' }),
};

const open = (deps: Partial<RaucInstallerDeps> = {}): Promise<Installer> =>
  openRaucInstaller({
    component: 'rootfs',
    slots: SLOTS,
    systemConfig: device.systemConfig,
    busAddress: device.busAddress,
    timeoutSeconds: 60,
    factory: { version: '1.0.0', counter: 1 },
    trustDir: join(device.folder, 'trust'),
    ...around,
    ...deps,
  });

async function targetOf(file: string): Promise<AcceptedTarget> {
  return targetFor(await readFile(file), { component: 'rootfs', format: 'raucb', file: 'rootfs.raucb' });
}

async function release(image = IMAGE): Promise<{ file: string; target: AcceptedTarget }> {
  const file = await device.bundle(image);
  return { file, target: await targetOf(file) };
}

test('installs into the slot that does not run, starts it on trial, commits it', async () => {
  const { file, target } = await release();
  const old = await open();
  expect(await old.install(file, target, never)).toBe('b');
  expect(await device.slotHolds('b', IMAGE)).toBe(true);
  expect(await device.boot()).toBe('a');
  const again = await open();
  expect(await again.activate('b')).toBe('reboot');
  expect(await again.slots()).toMatchObject({ running: 'a', armed: { slot: 'b', triesLeft: 1 } });

  expect(await device.boot()).toBe('b');
  const next = await open();
  await next.proveHealthy(never);
  await next.markGood('b');
  expect(await next.slots()).toEqual({
    running: 'b',
    records: { a: OLD, b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true } },
  });
  expect(await device.boot()).toBe('b');
});

test('is opened as the config has it', async () => {
  vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', device.busAddress);
  const { systemConfig, folder } = device;
  const factory = { version: '1.0.0', counter: 1 };
  const installer = await openInstaller(
    { name: 'rootfs', installer: 'rauc', slots: SLOTS, systemConfig, factory },
    { ...around, trustDir: join(folder, 'trust') },
  );
  const { file, target } = await release();
  expect(await installer.install(file, target, never)).toBe('b');
  expect(await device.slotHolds('b', IMAGE)).toBe(true);
});

test('a system that never gets as far as the agent is left by the boot loader, and that is seen', async () => {
  const { file, target } = await release();
  const old = await open();
  await old.activate(await old.install(file, target, never));
  for (let i = 0; i < STARTS; i++) expect(await device.boot()).toBe('b');
  expect(await device.boot()).toBe('a');
  const back = await open();
  expect(await back.slots()).toMatchObject({ running: 'a', armed: { slot: 'b', triesLeft: 0 } });
  expect(await back.markBad('b')).toBe('live');
  expect(await back.slots()).toEqual({ running: 'a', records: { a: OLD } });
  expect(await device.boot()).toBe('a');
});

test('a system that is not healthy is left by a restart', async () => {
  const { file, target } = await release();
  const old = await open();
  await old.activate(await old.install(file, target, never));
  await device.boot();
  expect(await (await open()).markBad('b')).toBe('reboot');
  expect(await device.boot()).toBe('a');
  expect(await (await open()).slots()).toEqual({ running: 'a', records: { a: OLD } });
});

test('an installation that was armed is taken back where something speaks against it', async () => {
  const { file, target } = await release();
  const old = await open();
  await old.activate(await old.install(file, target, never));
  expect(await old.markBad('b')).toBe('live');
  expect(await device.boot()).toBe('a');
});

describe('a bundle', () => {
  const refusedBy = async (file: string, target: AcceptedTarget, deps: Partial<RaucInstallerDeps> = {}) => {
    const installer = await open(deps);
    const error = await installer.install(file, target, never).catch((e: unknown) => e);
    expect((await installer.slots()).records.b).toBeUndefined();
    expect(await device.boot()).toBe('a');
    return error;
  };

  test('never comes before RAUC where its bytes are not those that were signed, though RAUC would take it', async () => {
    const { target } = await release();
    const other = await device.bundle(randomBytes(300_000));
    const refused = await refusedBy(other, { ...target, lengthBytes: (await readFile(other)).length });
    expect(refused).toMatchObject({ code: 'artifact-hash' });
    expect(await device.slotHolds('b', Buffer.alloc(300_000))).toBe(true);
  });

  test.each([
    ['signed by another authority', { signedBy: 'other' }],
    ['of another device', { compatible: 'gw3' }],
  ] as const)('that is %s is refused by RAUC, and that is told', async (_what, options) => {
    const file = await device.bundle(IMAGE, options);
    const refused = await refusedBy(file, await targetOf(file));
    expect(refused).toMatchObject({ code: 'installer-failed', message: expect.stringContaining('rauc') });
  });

  test('that an old RAUC checks only in part is refused before it is installed', async () => {
    const { file, target } = await release();
    const refused = await refusedBy(file, target, { plainBytesMax: 100_000 });
    expect(refused).toMatchObject({ code: 'installer-failed', message: expect.stringContaining('CVE-2026-34155') });
    expect(await device.slotHolds('b', Buffer.alloc(300_000))).toBe(true);
  });

  test('that somebody else could still write to is refused by RAUC', async () => {
    const { file, target } = await release();
    const writer = await openFile(file, 'r+');
    try {
      expect(await refusedBy(file, target)).toMatchObject({ message: expect.stringContaining('exclusive') });
    } finally {
      await writer.close();
    }
  });

  test('of a format for another installer is refused', async () => {
    const { file, target } = await release();
    const image = { ...target, firmware: { ...target.firmware, format: 'image' } };
    expect(await refusedBy(file, image)).toMatchObject({ code: 'installer-failed' });
  });
});

test('a slot that somebody else wrote since is not started', async () => {
  const { file, target } = await release();
  const installer = await open();
  await installer.install(file, target, never);
  device.rauc('install', await device.bundle(randomBytes(1000)));
  await expect(installer.activate('b')).rejects.toMatchObject({ code: 'slot-mismatch' });
});

test('while RAUC is at work for somebody else, the agent waits: with its installation, and with its start', async () => {
  const { file, target } = await release();
  const installer = await open();
  const goOn = await device.installAndHold(file);
  const refused = await installer.install(file, target, never).catch((error: unknown) => error);
  const later = open();
  await goOn();
  expect(refused).toMatchObject({ code: 'not-now' });
  expect(await (await later).install(file, target, never)).toBe('b');
});

test('a RAUC that would switch by itself keeps the agent from starting', async () => {
  const config = await readFile(device.systemConfig, 'utf8');
  await writeFile(device.systemConfig, config.replace('activate-installed=false', ''));
  await expect(open()).rejects.toThrow('activate-installed=false');
});

test('an agent of other slots than those that RAUC started does not guess', async () => {
  await expect(open({ slots: { a: 'appfs.0', b: 'appfs.1' } })).rejects.toThrow('neither appfs.0 nor appfs.1');
});

test('ends committed, whichever write the power goes before', { timeout: 300_000 }, async () => {
  const { file, target } = await release();
  for (let n = 1; ; n++) {
    await rm(join(device.folder, 'trust'), { recursive: true, force: true });
    execFileSync(join(device.folder, 'bootctl'), ['set-primary', 'A']);
    await device.boot();
    const broken = breakAt(n, 'power cut before');
    const life = (async () => {
      const old = await open({ files: broken.files });
      await old.activate(await old.install(file, target, never));
      await device.boot();
      await (await open({ files: broken.files })).markGood('b');
    })();
    await Promise.race([life, broken.dead]).catch(() => undefined);

    if ((await device.boot()) === 'a') {
      const again = await open();
      await again.activate(await again.install(file, target, never));
      expect(await device.boot()).toBe('b');
    }
    const last = await open();
    await last.markGood('b');
    const { running, records, armed } = await last.slots();
    expect({ n, running, isGood: records.b?.good, armed }).toEqual({ n, running: 'b', isGood: true, armed: undefined });
    if (broken.reached()) continue;
    expect(n).toBeGreaterThan(6);
    return;
  }
});
