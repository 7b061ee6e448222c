/** The `script` installer with modules that the test writes: what they are asked for, in which order and bounds. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findMarked, SERVICE_MARK } from '../../service/processes.ts';
import { never, openTestScripts, type TestScripts } from './test-scripts.ts';

const SECOND_BOOT = '2'.repeat(32);
const THIRD_BOOT = '3'.repeat(32);
let here: TestScripts;
beforeEach(async () => {
  here = await openTestScripts();
});
afterEach(() => here[Symbol.asyncDispose]());

test('finds the files of the protocol where mender-client puts them', async () => {
  const { file, target } = await here.release({ one: '1', two: '2' });
  const executable = await here.moduleThat(`case "$1" in
    SupportsRollback) echo Yes;;
    ArtifactInstall) test "$PWD" = "$2"; (find . -type f | sort; head -c 999 version header/artifact_name header/payload_type \
      current_artifact_name current_device_type) > ${here.folder}/seen;;
  esac`);
  const installer = await here.open({ executable });
  await installer.activate(await installer.install(file, target, never));
  expect(await readFile(join(here.folder, 'seen'), 'utf8')).toBe(`./current_artifact_group
./current_artifact_name
./current_device_type
./files/one
./files/two
./header/artifact_group
./header/artifact_name
./header/header-info
./header/meta-data
./header/payload_type
./header/type-info
./version
==> version <==
3
==> header/artifact_name <==
app-1.1.0
==> header/payload_type <==
module
==> current_artifact_name <==
app-1.0.0
==> current_device_type <==
gw2-a`);
  expect(await here.asked()).toEqual(['Download', 'SupportsRollback', 'ArtifactInstall', 'NeedsArtifactReboot']);
});

test('a module that does not end is ended at its deadline, with all that it started', async () => {
  const { file, target } = await here.release({ one: '1' });
  const executable = await here.moduleThat(
    `if test "$1" = Download; then ${SERVICE_MARK}=${here.folder} sleep 600 & sleep 600; fi`,
  );
  const timeoutSeconds = (state: string) => (state === 'Download' ? 0.5 : 30);
  const refused = (await here.open({ executable, timeoutSeconds })).install(file, target, never);
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('Download did not end in 0.5 s') });
  await expect.poll(() => findMarked(here.folder)).toEqual([]);
});

test('the end of the agent is no verdict on the module', async () => {
  const { file, target } = await here.release({ one: '1' });
  const executable = await here.moduleThat('if test "$1" = Download; then sleep 600; fi');
  const installer = await here.open({ executable });
  await expect(installer.install(file, target, AbortSignal.timeout(300))).rejects.toMatchObject({ code: 'not-now' });
});

test('runs without the rights and the environment of the agent, and what it says is cut', async () => {
  process.env['TIDEGATE_SECRET'] = 'mine';
  const uid = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);
  const { file, target } = await here.release({ one: '1' });
  await writeFile(join(here.folder, 'asked'), '');
  await chmod(join(here.folder, 'asked'), 0o666);
  const executable = await here.moduleThat(`case "$1" in
    SupportsRollback) echo Yes;;
    ArtifactInstall) test -z "$TIDEGATE_SECRET"; test "$(id -u)" = ${uid}; cat files/one; echo x > tmp/mine
      head -c 100000 /dev/zero | tr '\\0' y;;
  esac`);
  const installer = await here.open({ executable, runAs: { uid, gid: uid } });
  await installer.activate(await installer.install(file, target, never));
  delete process.env['TIDEGATE_SECRET'];
  const line = here.said.find(text => text.includes('"ArtifactInstall"')) ?? '';
  expect(line).toContain('yyy');
  expect(line.length).toBeLessThan(5000);
});

describe('a module that asks for a restart of the machine', () => {
  const body = 'case "$1" in SupportsRollback) echo Yes;; NeedsArtifactReboot) echo Automatic;; esac';

  test('runs as the new software only once the machine has restarted, and is asked whether that went well', async () => {
    const { file, target } = await here.release({ one: '1' });
    const executable = await here.moduleThat(body);
    const before = await here.open({ executable });
    const slot = await before.install(file, target, never);
    expect(await before.activate(slot)).toBe('reboot');
    expect((await before.slots()).running).toBe('a');
    // The agent alone started again: nothing is installed twice.
    expect(await (await here.open({ executable })).activate(slot)).toBe('reboot');

    const after = await here.open({ executable, bootId: SECOND_BOOT });
    expect((await after.slots()).running).toBe('b');
    await after.proveHealthy(never);
    await after.markGood(slot);
    expect(await here.asked()).toEqual([
      'Download',
      'SupportsRollback',
      'ArtifactInstall',
      'NeedsArtifactReboot',
      'ArtifactVerifyReboot',
      'ArtifactCommit',
      'Cleanup',
    ]);
  });

  test('goes back by a restart too, and only that ends it', async () => {
    const { file, target } = await here.release({ one: '1' });
    const executable = await here.moduleThat(`${body}\ntest "$1" != ArtifactVerifyReboot`);
    const before = await here.open({ executable });
    const slot = await before.install(file, target, never);
    await before.activate(slot);
    const after = await here.open({ executable, bootId: SECOND_BOOT });
    await expect(after.proveHealthy(never)).rejects.toMatchObject({ code: 'installer-failed' });
    expect(await after.markBad(slot)).toBe('reboot');
    expect(await (await here.open({ executable, bootId: SECOND_BOOT })).markBad(slot)).toBe('reboot');
    const back = await here.open({ executable, bootId: THIRD_BOOT });
    expect((await back.slots()).running).toBe('a');
    expect(await back.markBad(slot)).toBe('live');
    expect((await here.asked()).slice(-3)).toEqual(['ArtifactRollback', 'ArtifactFailure', 'Cleanup']);
  });
});

test('a module that restarts a peripheral by itself does so there and back', async () => {
  const { file, target } = await here.release({ one: '1' });
  const executable = await here.moduleThat('case "$1" in SupportsRollback|NeedsArtifactReboot) echo Yes;; esac');
  const installer = await here.open({ executable });
  const slot = await installer.install(file, target, never);
  expect(await installer.activate(slot)).toBe('live');
  await installer.proveHealthy(never);
  expect(await installer.markBad(slot)).toBe('live');
  expect((await here.asked()).slice(2)).toEqual([
    'ArtifactInstall',
    'NeedsArtifactReboot',
    'ArtifactReboot',
    'ArtifactVerifyReboot',
    'ArtifactRollback',
    'ArtifactRollbackReboot',
    'ArtifactVerifyRollbackReboot',
    'ArtifactFailure',
    'Cleanup',
  ]);
});

describe('a module in our own words', () => {
  test('is asked for Download, Install, Activate, Verify, Commit', async () => {
    const { file, target } = await here.release({ one: '1' });
    const executable = await here.moduleThat('');
    const installer = await here.open({ executable, dialect: 'tidegate' });
    const slot = await installer.install(file, target, never);
    expect(await installer.activate(slot)).toBe('live');
    await installer.proveHealthy(never);
    await installer.markGood(slot);
    expect(await here.asked()).toEqual(['Download', 'Install', 'Activate', 'Verify', 'Commit', 'Cleanup']);
  });

  test('is asked for Rollback where its switch failed half way', async () => {
    const { file, target } = await here.release({ one: '1' });
    const executable = await here.moduleThat('test "$1" != Activate');
    const installer = await here.open({ executable, dialect: 'tidegate' });
    const slot = await installer.install(file, target, never);
    await expect(installer.activate(slot)).rejects.toMatchObject({ code: 'installer-failed', class: 'reject' });
    // What was cut short in the middle may have changed anything: it counts as running until it was led back.
    expect((await installer.slots()).running).toBe(slot);
    await installer.markBad(slot);
    expect((await installer.slots()).running).toBe('a');
    expect((await here.asked()).slice(2)).toEqual(['Activate', 'Rollback', 'Cleanup']);
  });
});
