/** The `swupdate` installer with the real SWUpdate, on slots that are files. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { durableFiles } from '../../durable/durable-files.ts';
import type { AcceptedTarget, Installer } from '../../ports.ts';
import type { BootEnvironment } from '../ab/boot-environment.ts';
import { bootLoader, makeUboot } from '../ab/test-boot-loader.ts';
import { openInstaller } from '../open-installer.ts';
import { targetFor } from '../test-target.ts';
import { openSwupdateInstaller, type SwupdateInstallerDeps } from './swupdate-installer.ts';

const never = new AbortController().signal;
const SLOT_BYTES = 1024 * 1024;
const IMAGE = randomBytes(300_000);
const OLD = { version: '1.0.0', counter: 1, good: true };
let folder: string;
let environment: BootEnvironment;
/** Keys of two signers: making them takes longer than all the rest. */
let signers: string;
const at = (name: string) => join(folder, name);
const keyOf = (name: string) => join(signers, name);

beforeAll(async () => {
  signers = await mkdtemp(join(tmpdir(), 'tidegate-swu-keys-'));
  for (const name of ['own', 'other']) makeSigner(keyOf(`${name}.cert`), keyOf(`${name}.key`));
});
afterAll(() => rm(signers, { recursive: true }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-swu-'));
  for (const slot of ['a', 'b']) await writeFile(at(`slot-${slot}`), Buffer.alloc(SLOT_BYTES));
  environment = (await makeUboot(folder))(durableFiles);
});
afterEach(() => rm(folder, { recursive: true }));

const around = {
  hardware: 'gw2-a',
  bootId: '1'.repeat(32),
  random: Math.random,
  files: durableFiles,
  clock: systemClock,
  log: pino({ level: 'silent' }),
};

const open = (deps: Partial<SwupdateInstallerDeps> = {}): Promise<Installer> =>
  openSwupdateInstaller({
    component: 'rootfs',
    running: 'a',
    select: { a: 'slots,a', b: 'slots,b' },
    certificate: keyOf('own.cert'),
    hardwareRevision: 'gw2:1.0',
    environment,
    trialBoots: 2,
    timeoutSeconds: 60,
    factory: { version: '1.0.0', counter: 1 },
    trustDir: at('trust'),
    ...around,
    ...deps,
  });

interface Made {
  readonly signedBy?: 'own' | 'other';
  readonly hardware?: string;
  /** More of its description, beside the images. */
  readonly more?: string;
  /** Runs before and after the images are written. */
  readonly script?: string;
  /** Instead of the image that it describes. */
  readonly carries?: Buffer;
}

async function release({ signedBy = 'own', hardware = '1.0', more = '', carries = IMAGE, script }: Made = {}) {
  await mkdir(at('in'), { recursive: true });
  const hash = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
  const scripts =
    script === undefined
      ? ''
      : `scripts: ({ filename = "run.sh"; type = "shellscript"; sha256 = "${hash(script)}"; });`;
  const images = (slot: string) =>
    `${slot}: { images: ({ filename = "rootfs.img"; device = "${at(`slot-${slot}`)}"; type = "raw"; sha256 = "${hash(IMAGE)}"; installed-directly = true; }); ${scripts} ${more} };`;
  const description = `software = { version = "1"; hardware-compatibility: [ "${hardware}" ]; slots = { ${images('a')} ${images('b')} }; }`;
  await writeFile(at('in/sw-description'), description);
  await writeFile(at('in/rootfs.img'), carries);
  if (script !== undefined) await writeFile(at('in/run.sh'), script);
  const signing = ['-signer', keyOf(`${signedBy}.cert`), '-inkey', keyOf(`${signedBy}.key`), '-outform', 'DER'];
  const [from, to] = [at('in/sw-description'), at('in/sw-description.sig')];
  execFileSync('openssl', ['cms', '-sign', '-in', from, '-out', to, ...signing, '-nosmimecap', '-binary']);
  const names = ['sw-description', 'sw-description.sig', ...(script === undefined ? [] : ['run.sh']), 'rootfs.img'];
  const bytes = execFileSync('cpio', ['-o', '-H', 'crc', '--quiet'], { cwd: at('in'), input: `${names.join('\n')}\n` });
  await writeFile(at('made.swu'), bytes);
  const target = targetFor(bytes, { component: 'rootfs', format: 'swu', file: 'rootfs.swu' });
  return { file: at('made.swu'), target };
}

function makeSigner(certificate: string, key: string): void {
  const how = ['-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', '/CN=test'];
  const purpose = ['-addext', 'extendedKeyUsage=emailProtection'];
  execFileSync('openssl', ['req', '-x509', ...how, ...purpose, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  });
}

const slotHolds = async (slot: string, image: Buffer) =>
  (await readFile(at(`slot-${slot}`))).subarray(0, image.length).equals(image);
const ustate = async () => (await environment.read())['ustate'];

test('installs into the slot that does not run, starts it on trial, commits and confirms it', async () => {
  const { file, target } = await release();
  const old = await open();
  expect(await old.install(file, target, never)).toBe('b');
  expect(await slotHolds('b', IMAGE)).toBe(true);
  expect([await bootLoader(environment), await ustate()]).toEqual(['a', undefined]);
  expect(await old.activate('b')).toBe('reboot');
  expect([await bootLoader(environment), await ustate()]).toEqual(['b', '1']);
  const next = await open({ running: 'b' });
  expect(await next.slots()).toMatchObject({ running: 'b', armed: { slot: 'b', triesLeft: 1 } });
  await next.markGood('b');
  expect(await next.slots()).toEqual({
    running: 'b',
    records: { a: OLD, b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true } },
  });
  for (let i = 0; i < 4; i++) expect(await bootLoader(environment)).toBe('b');
  expect(await ustate()).toBe('0');
});

test('is opened as the config has it', async () => {
  await writeFile(at('cmdline'), 'quiet tidegate.slot=a\n');
  const installer = await openInstaller(
    {
      name: 'rootfs',
      installer: 'swupdate',
      select: { a: 'slots,a', b: 'slots,b' },
      certificate: keyOf('own.cert'),
      hardwareRevision: 'gw2:1.0',
      boot: { loader: 'u-boot', config: at('fw_env.config') },
      commandLineFile: at('cmdline'),
      factory: { version: '1.0.0', counter: 1 },
    },
    { ...around, trustDir: at('trust') },
  );
  const { file, target } = await release();
  await installer.activate(await installer.install(file, target, never));
  expect(await slotHolds('b', IMAGE)).toBe(true);
  expect(await environment.read()).toMatchObject({ tidegate_slot: 'b', upgrade_available: '1', bootlimit: '3' });
});

test('a system that never gets as far as the agent is left by the boot loader, and told as failed', async () => {
  const { file, target } = await release();
  const old = await open();
  await old.activate(await old.install(file, target, never));
  const starts = [];
  for (let i = 0; i < 3; i++) starts.push(await bootLoader(environment));
  expect(starts).toEqual(['b', 'b', 'a']);
  const back = await open();
  expect(await back.slots()).toMatchObject({ running: 'a', armed: { slot: 'b', triesLeft: 0 } });
  expect(await back.markBad('b')).toBe('live');
  expect([await bootLoader(environment), await ustate()]).toEqual(['a', '3']);
});

test('an image that would steer the boot loader by itself does not', async () => {
  const more = 'bootenv: ({ name = "tidegate_slot"; value = "b"; }, { name = "upgrade_available"; value = "0"; });';
  const { file, target } = await release({ more });
  const before = await environment.read();
  await (await open()).install(file, target, never);
  expect(await environment.read()).toEqual(before);
  expect(await bootLoader(environment)).toBe('a');
});

describe('an image', () => {
  const refusedBy = async ({ file, target }: { file: string; target: AcceptedTarget }) => {
    const installer = await open();
    const error = await installer.install(file, target, never).catch((e: unknown) => e);
    expect((await installer.slots()).records.b).toBeUndefined();
    expect(await bootLoader(environment)).toBe('a');
    await expect(installer.activate('b')).rejects.toMatchObject({ code: 'activate-failed' });
    return error;
  };

  test('never comes before SWUpdate where its bytes are not those that were signed, though SWUpdate would take it', async () => {
    const { target } = await release();
    const other = await release({ more: 'scripts: ();' });
    const length = other.target.lengthBytes;
    const refused = await refusedBy({ file: other.file, target: { ...target, lengthBytes: length } });
    expect(refused).toMatchObject({ code: 'artifact-hash' });
    expect(await slotHolds('b', Buffer.alloc(SLOT_BYTES))).toBe(true);
  });

  test.each([
    ['signed by another', { signedBy: 'other' }, 'Authentication'],
    ['for other hardware', { hardware: '2.0' }, 'not compatible with hardware'],
    ['of other bytes than its description says', { carries: randomBytes(300_000) }, 'invalid or corrupted'],
  ] as const)('that is %s is refused by SWUpdate, and that is told', async (_what, made, words) => {
    const refused = await refusedBy(await release(made));
    expect(refused).toMatchObject({ code: 'installer-failed', message: expect.stringContaining(words) });
  });

  test('of a format for another installer is refused', async () => {
    const { file, target } = await release();
    const image = { ...target, firmware: { ...target.firmware, format: 'image' } };
    expect(await refusedBy({ file, target: image })).toMatchObject({ code: 'installer-failed' });
  });
});

test('cut short as it writes, leaves nothing behind that runs or starts, and the next try ends well', async () => {
  const hold = `#!/bin/sh\ntouch ${at('held')}\nwhile test -e ${at('hold')}; do sleep 0.02; done\n`;
  await writeFile(at('hold'), '');
  const { file, target } = await release({ script: hold });
  const stop = new AbortController();
  const cut = (await open()).install(file, target, stop.signal).catch((error: unknown) => error);
  while (!existsSync(at('held'))) await setTimeout(10);
  stop.abort();
  expect(await cut).toMatchObject({ code: 'not-now' });
  expect(await processesThatName(folder)).toEqual([]);
  const again = await open();
  expect((await again.slots()).records.b).toBeUndefined();
  expect(await bootLoader(environment)).toBe('a');
  await rm(at('hold'));
  await again.activate(await again.install(file, target, never));
  expect(await bootLoader(environment)).toBe('b');
});

async function processesThatName(words: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const lines = pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).filter(line => line.includes(words));
}
