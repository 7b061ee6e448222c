/** Images that go straight into the slot that does not run, on a device whose boot loader counts their starts. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { systemClock } from '../clock.ts';
import { breakAt } from '../durable/broken-files.ts';
import { durableFiles } from '../durable/durable-files.ts';
import { openAbImageInstaller } from '../install/ab/ab-image-installer.ts';
import { grubEnvironment } from '../install/ab/grub-environment.ts';
import { bootLoader } from '../install/ab/test-boot-loader.ts';
import type { SlotName } from '../ports.ts';
import { openTestDevice, type RunningAgent, type TestDevice } from './test-device.ts';

const SLOT_BYTES = 256 * 1024;
const OLD = randomBytes(SLOT_BYTES);
const IMAGE = randomBytes(200_001);
let device: TestDevice;
let running: SlotName;

async function openDevice(image = IMAGE): Promise<void> {
  running = 'a';
  device = await openTestDevice(({ folder, ...around }) =>
    openAbImageInstaller({
      ...around,
      clock: systemClock,
      component: 'app',
      slots: { a: join(folder, 'slot-a'), b: join(folder, 'slot-b') },
      running,
      environment: grubEnvironment(join(folder, 'grubenv'), around.files),
      trialBoots: 2,
      factory: { version: '1.0.0', counter: 1 },
    }),
  );
  const environment = join(device.folder, 'grubenv');
  execFileSync('grub-editenv', [environment, 'create']);
  execFileSync('grub-editenv', [environment, 'set', 'tidegate_slot=a', 'upgrade_available=0', 'bootcount=0']);
  await writeFile(join(device.folder, 'slot-a'), OLD);
  await writeFile(join(device.folder, 'slot-b'), Buffer.alloc(SLOT_BYTES));
  await device.answerSetup(true);
  device.rebooting = () => undefined;
  const { target } = await device.release('1.1.0', 2, 200, { format: 'image' }, image);
  expect(target).toContain('1.1.0');
}

beforeEach(() => openDevice());
afterEach(() => device[Symbol.asyncDispose]());

async function restart(): Promise<RunningAgent> {
  device.bootId = randomBytes(16).toString('hex');
  running = await bootLoader(grubEnvironment(join(device.folder, 'grubenv'), durableFiles));
  return device.boot();
}

const slotHolds = async (slot: SlotName, image: Buffer) =>
  (await readFile(join(device.folder, `slot-${slot}`))).subarray(0, image.length).equals(image);
const isStaged = async () => (await readdir(device.folder)).includes('artifact');

test('no byte of the image lies anywhere else, and it runs after the restart', async () => {
  const agent = await device.boot();
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  expect([await slotHolds('b', IMAGE), await slotHolds('a', OLD), await isStaged()]).toEqual([true, true, false]);
  expect(await (await restart()).once()).toMatchObject({ last: { state: 'verified' } });
  expect(running).toBe('b');
});

test('other bytes than the signed ones are never started, though they were in the slot', async () => {
  device.spoilNextDownload();
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'artifact-hash' } });
  expect((await agent.installer.slots()).records.b).toBeUndefined();
  await restart();
  expect(running).toBe('a');
});

test('a stop of the server in the middle leaves the old system, and a slot that nothing starts', async () => {
  const offer = device.offer;
  device.fetching = () => {
    throw new AgentError('network', 'the line is gone');
  };
  const agent = await device.boot();
  await expect(agent.once()).rejects.toMatchObject({ code: 'network' });
  device.answering = () => ({ stop: [offer?.rolloutId ?? ''] });
  device.pass(600);
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
  await restart();
  expect(running).toBe('a');
});

test('an image that does not fit is refused before a byte of it is fetched, and not tried again', async () => {
  await device[Symbol.asyncDispose]();
  await openDevice(randomBytes(SLOT_BYTES + 1));
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'failed', code: 'installer-failed' } });
  expect(await slotHolds('b', Buffer.alloc(SLOT_BYTES))).toBe(true);
  let isAsked = false;
  device.fetching = () => {
    isAsked = true;
  };
  await agent.once();
  expect(isAsked).toBe(false);
});

test('a slot that does not hold what was brought in is fetched again', async () => {
  const agent = await device.boot();
  const slot = join(device.folder, 'slot-b');
  let isSpoiled = false;
  device.answering = ({ update }) => {
    // Between the download and the installation, once.
    if (update?.state !== 'downloaded' || isSpoiled) return {};
    isSpoiled = true;
    const bytes = readFileSync(slot);
    bytes[5]! ^= 1;
    writeFileSync(slot, bytes);
    return {};
  };
  await expect(agent.once()).rejects.toMatchObject({ code: 'slot-mismatch' });
  await expect(agent.once()).rejects.toMatchObject({ code: 'not-now' });
  expect(await slotHolds('b', IMAGE)).toBe(true);
  expect(await (await restart()).once()).toMatchObject({ last: { state: 'verified' } });
});

test.each(['disk error', 'power cut after'] as const)(
  'always starts a whole system, and ends verified, whichever write a %s hits',
  {
    timeout: 300_000,
  },
  async kind => {
    for (let n = 1; ; n++) {
      await device[Symbol.asyncDispose]();
      await openDevice();
      const broken = breakAt(n, kind);
      const life = (async () => {
        await (await device.boot(broken.files)).once().catch(() => undefined);
        running = await bootLoader(grubEnvironment(join(device.folder, 'grubenv'), durableFiles));
        await (await device.boot(broken.files)).once();
      })();
      await Promise.race([life, broken.dead]).catch(() => undefined);

      let isVerified = false;
      for (let boots = 0; boots < 5 && !isVerified; boots++) {
        const agent = await restart();
        expect({ n, isWhole: await slotHolds(running, running === 'a' ? OLD : IMAGE) }).toEqual({ n, isWhole: true });
        const state = await agent.once().catch(() => undefined);
        isVerified = state?.last?.state === 'verified';
      }
      expect({ n, isVerified, running }).toEqual({ n, isVerified: true, running: 'b' });
      if (broken.reached()) continue;
      expect(n).toBeGreaterThan(15);
      return;
    }
  },
);
