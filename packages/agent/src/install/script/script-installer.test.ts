/** The `script` installer with real update modules of mender-client 3.4, and with modules that the test writes. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BREAKS, breakAt } from '../../durable/broken-files.ts';
import { durableFiles } from '../../durable/durable-files.ts';
import type { AcceptedTarget, Installer } from '../../ports.ts';
import { targetFor } from '../test-target.ts';
import { findMarked, SERVICE_MARK } from '../../service/processes.ts';
import { openScriptInstaller, type ScriptInstallerDeps } from './script-installer.ts';

const MENDER_MODULES = '/usr/share/mender/modules/v3';
const never = new AbortController().signal;
const FIRST_BOOT = '1'.repeat(32);
const SECOND_BOOT = '2'.repeat(32);
const THIRD_BOOT = '3'.repeat(32);
let folder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-script-'));
  await chmod(folder, 0o755);
  said = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function open(deps: Partial<ScriptInstallerDeps> & Pick<ScriptInstallerDeps, 'executable'>): Promise<Installer> {
  return openScriptInstaller({
    component: 'app',
    dialect: 'mender-v3',
    folder: join(folder, 'work'),
    timeoutSeconds: () => 30,
    allowsNoWayBack: false,
    factory: { version: '1.0.0', counter: 1 },
    hardware: 'gw2-a',
    bootId: FIRST_BOOT,
    trustDir: join(folder, 'trust'),
    files: durableFiles,
    log: pino({ level: 'info' }, { write: (line: string) => said.push(line) }),
    ...deps,
  });
}

/** A release as it comes: an archive of the files, in this order. */
async function release(files: Readonly<Record<string, string>>): Promise<{ file: string; target: AcceptedTarget }> {
  const from = await mkdtemp(join(folder, 'release-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(from, name), text);
  const file = join(folder, 'artifact.tar');
  await create({ file, cwd: from, portable: true }, Object.keys(files));
  return { file, target: targetOf(await readFile(file), 'tar', 'app.tar') };
}

const targetOf = (bytes: Buffer, format: string, file: string) => targetFor(bytes, { component: 'app', format, file });

/** A module that notes each state that it is asked for, and then does what the test says. */
async function moduleThat(body: string): Promise<string> {
  const path = join(folder, 'module');
  await writeFile(path, `#!/bin/sh\nset -e\necho "$1" >> ${folder}/asked\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

const asked = async () => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
const exists = (path: string) =>
  stat(path)
    .then(() => true)
    .catch(() => false);

describe('an update module of mender-client 3.4, as it is', () => {
  const SINGLE = `${MENDER_MODULES}/single-file`;
  let files: Readonly<Record<string, string>>;
  let there: string;

  beforeEach(async () => {
    there = join(folder, 'etc');
    files = { dest_dir: `${there}\n`, filename: 'lamp.conf\n', permissions: '640\n', 'lamp.conf': 'new' };
    await mkdir(there);
    await writeFile(join(there, 'lamp.conf'), 'old');
  });
  const installed = () => readFile(join(there, 'lamp.conf'), 'utf8');

  test('single-file: installs, commits, leaves nothing of its work behind', async () => {
    const { file, target } = await release(files);
    const installer = await open({ executable: SINGLE });
    const slot = await installer.install(file, target, never);
    expect(await installed()).toBe('old');
    expect(await installer.activate(slot)).toBe('live');
    await installer.proveHealthy(never);
    await installer.markGood(slot);
    expect(await installed()).toBe('new');
    expect((await stat(join(there, 'lamp.conf'))).mode & 0o777).toBe(0o640);
    expect(await readdir(join(folder, 'work'))).toEqual([]);
    expect(await (await open({ executable: SINGLE })).slots()).toEqual({
      running: 'b',
      records: {
        a: { version: '1.0.0', counter: 1, good: true },
        b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true },
      },
    });
  });

  test('single-file: goes back to what was there', async () => {
    const { file, target } = await release(files);
    const installer = await open({ executable: SINGLE });
    const slot = await installer.install(file, target, never);
    await installer.activate(slot);
    expect(await installer.markBad(slot)).toBe('live');
    expect(await installed()).toBe('old');
    expect(await installer.slots()).toEqual({
      running: 'a',
      records: { a: { version: '1.0.0', counter: 1, good: true } },
    });
    expect(await readdir(join(folder, 'work'))).toEqual([]);
  });

  test.each(BREAKS)(
    'single-file: ends committed and whole, whichever write a %s hits',
    { timeout: 300_000 },
    async kind => {
      const { file, target } = await release(files);
      for (let n = 1; ; n++) {
        for (const name of ['trust', 'work']) await rm(join(folder, name), { recursive: true, force: true });
        await writeFile(join(there, 'lamp.conf'), 'old');
        const broken = breakAt(n, kind);
        const life = (async () => {
          const installer = await open({ executable: SINGLE, files: broken.files });
          const slot = await installer.install(file, target, never);
          await installer.activate(slot);
          await installer.proveHealthy(never);
          await installer.markGood(slot);
        })();
        await Promise.race([life, broken.dead]).catch(() => undefined);

        const next = await open({ executable: SINGLE });
        const found = await next.slots();
        const isTried = found.running === 'b' && !found.records.b?.good;
        // Whoever was cut while it switched is led back, and only then may be tried again.
        const proved =
          isTried &&
          (await next
            .proveHealthy(never)
            .then(() => true)
            .catch(() => false));
        if (isTried && !proved) {
          await next.markBad('b');
          expect({ n, installed: await installed() }).toEqual({ n, installed: 'old' });
        }
        if ((await next.slots()).running === 'a') await next.activate(await next.install(file, target, never));
        if (!(await next.slots()).records.b?.good) await next.markGood('b');
        const end = await next.slots();
        const seen = { running: end.running, isGood: end.records.b?.good, installed: await installed() };
        expect({ n, ...seen }).toEqual({ n, running: 'b', isGood: true, installed: 'new' });
        if (broken.reached()) continue;
        expect(n).toBeGreaterThan(10);
        return;
      }
    },
  );

  test('directory: replaces a whole folder, and brings the old one back', async () => {
    await mkdir(join(folder, 'tree'));
    await writeFile(join(folder, 'tree/new.conf'), 'new');
    await create({ file: join(folder, 'update.tar'), cwd: join(folder, 'tree') }, ['.']);
    const update = await readFile(join(folder, 'update.tar'), 'latin1');
    const { file, target } = await release({ dest_dir: `${there}\n`, 'update.tar': update });
    const installer = await open({ executable: `${MENDER_MODULES}/directory` });
    const slot = await installer.install(file, target, never);
    await installer.activate(slot);
    expect(await readdir(there)).toEqual(['new.conf']);
    await installer.markBad(slot);
    expect(await readdir(there)).toEqual(['lamp.conf']);
  });

  test('script: cannot go back, so it runs only where the config allows that', async () => {
    const { file, target } = await release({ 'do.sh': `#!/bin/sh\ntouch ${there}/done\n` });
    const executable = `${MENDER_MODULES}/script`;
    const refused = (await open({ executable })).install(file, target, never);
    await expect(refused).rejects.toMatchObject({ code: 'installer-failed', message: expect.stringContaining('back') });
    const installer = await open({ executable, allowsNoWayBack: true });
    await installer.activate(await installer.install(file, target, never));
    expect(await exists(join(there, 'done'))).toBe(true);
  });
});

test('finds the files of the protocol where mender-client puts them', async () => {
  const { file, target } = await release({ one: '1', two: '2' });
  const executable = await moduleThat(`case "$1" in
    SupportsRollback) echo Yes;;
    ArtifactInstall) test "$PWD" = "$2"; (find . -type f | sort; head -c 999 version header/artifact_name header/payload_type \
      current_artifact_name current_device_type) > ${folder}/seen;;
  esac`);
  const installer = await open({ executable });
  await installer.activate(await installer.install(file, target, never));
  expect(await readFile(join(folder, 'seen'), 'utf8')).toBe(`./current_artifact_group
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
  expect(await asked()).toEqual(['Download', 'SupportsRollback', 'ArtifactInstall', 'NeedsArtifactReboot']);
});

test('a module may take the payload by its pipes, and then finds no files', async () => {
  const big = 'x'.repeat(1_000_000);
  const { file, target } = await release({ first: big, empty: '', last: 'end' });
  const executable = await moduleThat(`case "$1" in
    Download)
      while true; do
        next="$(cat stream-next)"
        test -n "$next" || break
        cat "$next" > ${folder}/taken-$(basename "$next")
      done;;
    SupportsRollback) echo Yes;;
    ArtifactInstall) test ! -e files; test ! -e streams; test ! -e stream-next;;
  esac`);
  const installer = await open({ executable });
  await installer.activate(await installer.install(file, target, never));
  expect(await readFile(join(folder, 'taken-first'), 'utf8')).toBe(big);
  expect(await readFile(join(folder, 'taken-empty'), 'utf8')).toBe('');
  expect(await readFile(join(folder, 'taken-last'), 'utf8')).toBe('end');
});

test.each([
  ['ends in the middle of a file', 'cat stream-next; head -c 10 streams/first >/dev/null', 'before it took first'],
  ['ends after the first of two files', 'cat stream-next; cat streams/first >/dev/null', 'before it took last'],
  ['fails', 'echo no such valve >&2; exit 7', 'Download ended with 7: no such valve'],
])('a module that %s while it downloads is refused, and cleans up', async (_how, body, words) => {
  const { file, target } = await release({ first: 'x'.repeat(1_000_000), last: 'end' });
  const executable = await moduleThat(`if test "$1" = Download; then ${body}; fi`);
  const refused = (await open({ executable })).install(file, target, never);
  await expect(refused).rejects.toMatchObject({ code: 'installer-failed', message: expect.stringContaining(words) });
  expect(await asked()).toEqual(['Download', 'Cleanup']);
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});

test('a module that does not end is ended at its deadline, with all that it started', async () => {
  const { file, target } = await release({ one: '1' });
  const executable = await moduleThat(
    `if test "$1" = Download; then ${SERVICE_MARK}=${folder} sleep 600 & sleep 600; fi`,
  );
  const timeoutSeconds = (state: string) => (state === 'Download' ? 0.5 : 30);
  const refused = (await open({ executable, timeoutSeconds })).install(file, target, never);
  await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('Download did not end in 0.5 s') });
  await expect.poll(() => findMarked(folder)).toEqual([]);
});

test('the end of the agent is no verdict on the module', async () => {
  const { file, target } = await release({ one: '1' });
  const executable = await moduleThat('if test "$1" = Download; then sleep 600; fi');
  const installer = await open({ executable });
  await expect(installer.install(file, target, AbortSignal.timeout(300))).rejects.toMatchObject({ code: 'not-now' });
});

test('runs without the rights and the environment of the agent, and what it says is cut', async () => {
  process.env['TIDEGATE_SECRET'] = 'mine';
  const uid = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);
  const { file, target } = await release({ one: '1' });
  await writeFile(join(folder, 'asked'), '');
  await chmod(join(folder, 'asked'), 0o666);
  const executable = await moduleThat(`case "$1" in
    SupportsRollback) echo Yes;;
    ArtifactInstall) test -z "$TIDEGATE_SECRET"; test "$(id -u)" = ${uid}; cat files/one; echo x > tmp/mine
      head -c 100000 /dev/zero | tr '\\0' y;;
  esac`);
  const installer = await open({ executable, runAs: { uid, gid: uid } });
  await installer.activate(await installer.install(file, target, never));
  delete process.env['TIDEGATE_SECRET'];
  const line = said.find(text => text.includes('"ArtifactInstall"')) ?? '';
  expect(line).toContain('yyy');
  expect(line.length).toBeLessThan(5000);
});

test.each([
  ['a folder', ['inner', 'inner/file']],
  ['a name that climbs', ['../evil']],
])('refuses a payload with %s', async (_what, _names) => {
  await mkdir(join(folder, 'from/inner'), { recursive: true });
  await writeFile(join(folder, 'from/inner/file'), 'x');
  await writeFile(join(folder, 'evil'), 'x');
  const file = join(folder, 'artifact.tar');
  await create({ file, cwd: join(folder, 'from'), preservePaths: true }, _names);
  const executable = await moduleThat('');
  const refused = (await open({ executable })).install(file, targetOf(await readFile(file), 'tar', 'app.tar'), never);
  await expect(refused).rejects.toMatchObject({ code: 'installer-failed' });
  expect(await exists(join(folder, 'asked'))).toBe(false);
});

test('a payload that was changed after it was staged is not activated', async () => {
  const { file, target } = await release({ one: '1' });
  const executable = await moduleThat('if test "$1" = SupportsRollback; then echo Yes; fi');
  const installer = await open({ executable });
  const slot = await installer.install(file, target, never);
  await writeFile(join(folder, 'work/tree/files/one'), '2');
  await expect(installer.activate(slot)).rejects.toMatchObject({ code: 'slot-mismatch' });
  expect(await asked()).not.toContain('ArtifactInstall');
});

describe('a module that asks for a restart of the machine', () => {
  const body = 'case "$1" in SupportsRollback) echo Yes;; NeedsArtifactReboot) echo Automatic;; esac';

  test('runs as the new software only once the machine has restarted, and is asked whether that went well', async () => {
    const { file, target } = await release({ one: '1' });
    const executable = await moduleThat(body);
    const before = await open({ executable });
    const slot = await before.install(file, target, never);
    expect(await before.activate(slot)).toBe('reboot');
    expect((await before.slots()).running).toBe('a');
    // The agent alone started again: nothing is installed twice.
    expect(await (await open({ executable })).activate(slot)).toBe('reboot');

    const after = await open({ executable, bootId: SECOND_BOOT });
    expect((await after.slots()).running).toBe('b');
    await after.proveHealthy(never);
    await after.markGood(slot);
    expect(await asked()).toEqual([
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
    const { file, target } = await release({ one: '1' });
    const executable = await moduleThat(`${body}\ntest "$1" != ArtifactVerifyReboot`);
    const before = await open({ executable });
    const slot = await before.install(file, target, never);
    await before.activate(slot);
    const after = await open({ executable, bootId: SECOND_BOOT });
    await expect(after.proveHealthy(never)).rejects.toMatchObject({ code: 'installer-failed' });
    expect(await after.markBad(slot)).toBe('reboot');
    expect(await (await open({ executable, bootId: SECOND_BOOT })).markBad(slot)).toBe('reboot');
    const back = await open({ executable, bootId: THIRD_BOOT });
    expect((await back.slots()).running).toBe('a');
    expect(await back.markBad(slot)).toBe('live');
    expect((await asked()).slice(-3)).toEqual(['ArtifactRollback', 'ArtifactFailure', 'Cleanup']);
  });
});

test('a module that restarts a peripheral by itself does so there and back', async () => {
  const { file, target } = await release({ one: '1' });
  const executable = await moduleThat('case "$1" in SupportsRollback|NeedsArtifactReboot) echo Yes;; esac');
  const installer = await open({ executable });
  const slot = await installer.install(file, target, never);
  expect(await installer.activate(slot)).toBe('live');
  await installer.proveHealthy(never);
  expect(await installer.markBad(slot)).toBe('live');
  expect((await asked()).slice(2)).toEqual([
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
    const { file, target } = await release({ one: '1' });
    const executable = await moduleThat('');
    const installer = await open({ executable, dialect: 'tidegate' });
    const slot = await installer.install(file, target, never);
    expect(await installer.activate(slot)).toBe('live');
    await installer.proveHealthy(never);
    await installer.markGood(slot);
    expect(await asked()).toEqual(['Download', 'Install', 'Activate', 'Verify', 'Commit', 'Cleanup']);
  });

  test('is asked for Rollback where its switch failed half way', async () => {
    const { file, target } = await release({ one: '1' });
    const executable = await moduleThat('test "$1" != Activate');
    const installer = await open({ executable, dialect: 'tidegate' });
    const slot = await installer.install(file, target, never);
    await expect(installer.activate(slot)).rejects.toMatchObject({ code: 'installer-failed', class: 'reject' });
    // What was cut short in the middle may have changed anything: it counts as running until it was led back.
    expect((await installer.slots()).running).toBe(slot);
    await installer.markBad(slot);
    expect((await installer.slots()).running).toBe('a');
    expect((await asked()).slice(2)).toEqual(['Activate', 'Rollback', 'Cleanup']);
  });
});
