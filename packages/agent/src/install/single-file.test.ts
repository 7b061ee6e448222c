/** The `directory` installer with an artifact that is one file, in a component that nothing runs. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { BREAKS, breakAt } from '../durable/broken-files.ts';
import { type DurableFiles, durableFiles } from '../durable/durable-files.ts';
import { targetFor } from './test-target.ts';
import type { CheckSettings } from '../service/check.ts';
import { openDirectoryInstaller, type ServiceInstaller } from './directory-installer.ts';

const never = new AbortController().signal;
const NAME = 'router_2.4.1.img';
const BYTES = Buffer.from('\0any bytes at all\xff', 'latin1');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-single-'));
  await mkdir(join(folder, 'firmware/a'), { recursive: true });
  await writeFile(join(folder, 'firmware/a/factory.txt'), 'from the factory');
  await writeFile(join(folder, 'artifact'), BYTES);
});
afterEach(() => rm(folder, { recursive: true }));

function open(more: { check?: CheckSettings; files?: DurableFiles } = {}): Promise<ServiceInstaller> {
  return openDirectoryInstaller({
    component: 'firmware',
    folder: join(folder, 'firmware'),
    factory: { version: 'factory', counter: 1 },
    trustDir: join(folder, 'trust'),
    files: durableFiles,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    ...more,
  });
}

const target = (format = 'file', file = NAME) =>
  targetFor(BYTES, { component: 'firmware', version: '2.4.1', format, file });

const installed = () => readFile(join(folder, 'firmware/current', NAME));

async function installAndSwitch(installer: ServiceInstaller): Promise<void> {
  await installer.activate(await installer.install(join(folder, 'artifact'), target(), never));
}

test('installs the bytes as they are, as one file under the signed name', async () => {
  const installer = await open();
  expect(await installer.runningImage?.()).toBeUndefined();
  await installAndSwitch(installer);
  await installer.proveHealthy(never);
  await installer.markGood('b');
  expect(await installer.runningImage?.()).toEqual({
    path: join(folder, 'firmware/b', NAME),
    lengthBytes: BYTES.length,
    sha256: target().sha256,
  });
  expect(await installed()).toEqual(BYTES);
  expect(await readdir(join(folder, 'firmware/current'))).toEqual([NAME]);
});

test('a format that this installer does not know is refused for good, and leaves nothing behind', async () => {
  const installer = await open();
  const refused = installer.install(join(folder, 'artifact'), target('ext4-image'), never);
  await expect(refused).rejects.toMatchObject({ code: 'installer-failed', class: 'reject' });
  expect(await readdir(join(folder, 'firmware'))).toEqual(['a', 'current']);
});

test.each(['../evil', '.hidden', '-rf', 'two words', ''])('never writes under the name %j', async file => {
  const installer = await open();
  await expect(installer.install(join(folder, 'artifact'), target('file', file), never)).rejects.toThrow('path');
  expect(await readdir(join(folder, 'firmware'))).toEqual(['a', 'current']);
});

test('a file that nothing runs has proved itself only when it reads back as it was sent', async () => {
  const installer = await open();
  await installAndSwitch(installer);
  const flipped = Buffer.from(BYTES);
  flipped.writeUInt8(flipped.readUInt8(3) ^ 1, 3);
  await writeFile(join(folder, 'firmware/b', NAME), flipped);
  await expect(installer.proveHealthy(never)).rejects.toMatchObject({ code: 'health-failed' });
  await installer.markBad('b');
  expect(await readdir(join(folder, 'firmware/current'))).toEqual(['factory.txt']);
});

test('the check of the image runs beside the new file and has the last word', async () => {
  const grep = (text: string): CheckSettings => ({ command: ['grep', '-aq', text, NAME], timeoutSeconds: 20 });
  await installAndSwitch(await open());
  await (await open({ check: grep('any bytes') })).proveHealthy(never);
  const refused = (await open({ check: grep('other bytes') })).proveHealthy(never);
  await expect(refused).rejects.toMatchObject({ code: 'health-failed' });
});

test.each(BREAKS)('one file ends installed and committed, whichever write a %s hits', async kind => {
  for (let n = 1; ; n++) {
    await rm(join(folder, 'trust'), { recursive: true, force: true });
    await rm(join(folder, 'firmware/b'), { recursive: true, force: true });
    await durableFiles.pointLink(join(folder, 'firmware/current'), 'a');
    const broken = breakAt(n, kind);
    const life = (async () => {
      const installer = await open({ files: broken.files });
      await installAndSwitch(installer);
      await installer.proveHealthy(never);
      await installer.markGood('b');
    })();
    await Promise.race([life, broken.dead]).catch(() => undefined);

    const next = await open();
    const { running, records } = await next.slots();
    if (running === 'a') await installAndSwitch(next);
    if (!records.b?.good) {
      await next.proveHealthy(never);
      await next.markGood('b');
    }
    const end = await next.slots();
    expect({ n, running: end.running, isGood: end.records.b?.good }).toEqual({ n, running: 'b', isGood: true });
    expect({ n, isWhole: BYTES.equals(await installed()) }).toEqual({ n, isWhole: true });
    if (broken.reached()) continue;
    expect(n).toBeGreaterThan(5);
    return;
  }
});
