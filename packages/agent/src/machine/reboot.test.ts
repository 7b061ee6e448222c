/** Updates that take effect by a restart of the machine: the agent ends with it, and the next one finds another boot id. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BREAKS, breakAt } from '../durable/broken-files.ts';
import { openScriptInstaller } from '../install/script/script-installer.ts';
import { openTestDevice, type RunningAgent, type TestDevice } from './test-device.ts';

let device: TestDevice;
let restarts: number;

/** A device whose software is installed by a module of mender's kind that says `Automatic`. */
async function openDevice(moduleFails = 'never'): Promise<void> {
  device = await openTestDevice(({ folder, ...around }) =>
    openScriptInstaller({
      ...around,
      component: 'app',
      executable: join(folder, 'module'),
      dialect: 'mender-v3',
      folder: join(folder, 'work'),
      timeoutSeconds: () => 30,
      allowsNoWayBack: false,
      factory: { version: '1.0.0', counter: 1 },
      hardware: 'gw2-a',
    }),
  );
  const module = join(device.folder, 'module');
  const answers = 'case "$1" in SupportsRollback) echo Yes;; NeedsArtifactReboot) echo Automatic;; esac';
  await writeFile(module, `#!/bin/sh\necho "$1" >> ${device.folder}/asked\n${answers}\ntest "$1" != ${moduleFails}\n`);
  await chmod(module, 0o755);
  await device.answerSetup(true);
  restarts = 0;
  device.rebooting = () => {
    restarts += 1;
  };
  await device.release('1.1.0', 2);
}

beforeEach(() => openDevice());
afterEach(() => device[Symbol.asyncDispose]());

const asked = async () => (await readFile(join(device.folder, 'asked'), 'utf8')).trim().split('\n');

/** The machine goes down and comes up again, and a new agent starts with it. */
async function restart(): Promise<RunningAgent> {
  device.bootId = (Number(`0x${device.bootId.slice(0, 4)}`) + 1).toString(16).padStart(4, '0').repeat(8);
  return device.boot();
}

/** Goes on for as far as it can in this boot. */
async function isDecided(agent: RunningAgent): Promise<boolean> {
  const state = await agent.once().catch(() => undefined);
  return state?.last !== undefined;
}

async function runs(agent: RunningAgent) {
  const { running, records } = await agent.installer.slots();
  return { version: records[running]?.version, isGood: records[running]?.good };
}

test('restarts the machine once, and commits and tells of success in the boot after it, never before', async () => {
  const first = await device.boot();
  await expect(first.once()).rejects.toMatchObject({ code: 'not-now', message: expect.stringContaining('restarts') });
  expect(restarts).toBe(1);
  expect(first.driver.state()).toMatchObject({ name: 'rebooting', activations: 2, restarts: true });
  expect(first.floor()).toBe(1);
  expect(device.told().at(-1)).toBe('activating');

  const second = await restart();
  expect(await second.once()).toMatchObject({ name: 'idle', last: { state: 'verified' } });
  expect(await runs(second)).toEqual({ version: '1.1.0', isGood: true });
  expect(second.floor()).toBe(2);
  expect(restarts).toBe(1);
});

test('an agent that starts again before the machine is down asks for the restart again, and for nothing else', async () => {
  await expect((await device.boot()).once()).rejects.toMatchObject({ code: 'not-now' });
  const again = await device.boot();
  await expect(again.once()).rejects.toMatchObject({ code: 'not-now' });
  expect(restarts).toBe(2);
  expect(again.driver.state()).toMatchObject({ name: 'rebooting', activations: 2 });
  expect((await asked()).filter(state => state === 'ArtifactInstall')).toHaveLength(1);
  expect(await (await restart()).once()).toMatchObject({ last: { state: 'verified' } });
});

test('software that is not well after the restart is led back by another one, with its cause', async () => {
  await device[Symbol.asyncDispose]();
  await openDevice('ArtifactVerifyReboot');
  await expect((await device.boot()).once()).rejects.toMatchObject({ code: 'not-now' });
  const trial = await restart();
  await expect(trial.once()).rejects.toMatchObject({ code: 'not-now', message: expect.stringContaining('go back') });
  expect(trial.driver.state().name).toBe('trial');
  // Until the machine is down the agent may be started again: it asks for the same once more.
  await expect((await device.boot()).once()).rejects.toMatchObject({ code: 'not-now' });
  expect(restarts).toBe(3);

  const back = await restart();
  expect(await back.once()).toMatchObject({ name: 'idle', last: { state: 'rolledBack', code: 'installer-failed' } });
  expect(await runs(back)).toEqual({ version: '1.0.0', isGood: true });
  expect(back.floor()).toBe(1);
  expect(device.told().filter(s => s === 'trial')).toHaveLength(1);
});

test('a switch that the module refuses ends at once: it is led back and not tried again', async () => {
  await device[Symbol.asyncDispose]();
  await openDevice('ArtifactInstall');
  const agent = await device.boot();
  expect(await agent.once()).toMatchObject({ last: { state: 'rolledBack', code: 'installer-failed' } });
  expect(await asked()).toEqual([
    'Download',
    'SupportsRollback',
    'ArtifactInstall',
    'ArtifactRollback',
    'ArtifactFailure',
    'Cleanup',
  ]);
  await agent.once();
  expect((await asked()).filter(state => state === 'ArtifactInstall')).toHaveLength(1);
  expect(restarts).toBe(0);
});

test.each(BREAKS)('ends decided within a few boots, whichever write a %s hits', { timeout: 300_000 }, async kind => {
  for (let n = 1; ; n++) {
    await device[Symbol.asyncDispose]();
    await openDevice();
    const broken = breakAt(n, kind);
    const life = (async () => {
      for (const files of [broken.files, broken.files]) {
        await (await device.boot(files)).once().catch(() => undefined);
        device.bootId = 'c'.repeat(32);
      }
    })();
    await Promise.race([life, broken.dead]).catch(() => undefined);

    let agent = await restart();
    for (let boots = 0; boots < 5 && !(await isDecided(agent)); boots++) agent = await restart();
    const found = await runs(agent);
    // A module that was cut short while it switched may refuse for good; all else ends as it was meant.
    const isLedBack = device.told().includes('rolledBack installer-failed');
    const [version, floor] = isLedBack ? ['1.0.0', 1] : ['1.1.0', 2];
    expect({ n, ...found, floor: agent.floor() }).toEqual({ n, version, isGood: true, floor });
    expect({ n, isBounded: restarts <= 4 }).toEqual({ n, isBounded: true });
    if (broken.reached()) continue;
    expect(n).toBeGreaterThan(20);
    return;
  }
});
