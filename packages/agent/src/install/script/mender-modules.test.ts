/** The `script` installer with real update modules of mender-client 3.4, as they come. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BREAKS, breakAt } from '../../durable/broken-files.ts';
import { exists, never, openTestScripts, type TestScripts } from './test-scripts.ts';

const MENDER_MODULES = '/usr/share/mender/modules/v3';
let here: TestScripts;
beforeEach(async () => {
  here = await openTestScripts();
});
afterEach(() => here[Symbol.asyncDispose]());

describe('an update module of mender-client 3.4, as it is', () => {
  const SINGLE = `${MENDER_MODULES}/single-file`;
  let files: Readonly<Record<string, string>>;
  let there: string;

  beforeEach(async () => {
    there = join(here.folder, 'etc');
    files = { dest_dir: `${there}\n`, filename: 'lamp.conf\n', permissions: '640\n', 'lamp.conf': 'new' };
    await mkdir(there);
    await writeFile(join(there, 'lamp.conf'), 'old');
  });
  const installed = () => readFile(join(there, 'lamp.conf'), 'utf8');

  test('single-file: installs, commits, leaves nothing of its work behind', async () => {
    const { file, target } = await here.release(files);
    const installer = await here.open({ executable: SINGLE });
    const slot = await installer.install(file, target, never);
    expect(await installed()).toBe('old');
    expect(await installer.activate(slot)).toBe('live');
    await installer.proveHealthy(never);
    await installer.markGood(slot);
    expect(await installed()).toBe('new');
    expect((await stat(join(there, 'lamp.conf'))).mode & 0o777).toBe(0o640);
    expect(await readdir(join(here.folder, 'work'))).toEqual([]);
    expect(await (await here.open({ executable: SINGLE })).slots()).toEqual({
      running: 'b',
      records: {
        a: { version: '1.0.0', counter: 1, good: true },
        b: { version: '1.1.0', counter: 2, sha256: target.sha256, target: target.path, good: true },
      },
    });
  });

  test('single-file: goes back to what was there', async () => {
    const { file, target } = await here.release(files);
    const installer = await here.open({ executable: SINGLE });
    const slot = await installer.install(file, target, never);
    await installer.activate(slot);
    expect(await installer.markBad(slot)).toBe('live');
    expect(await installed()).toBe('old');
    expect(await installer.slots()).toEqual({
      running: 'a',
      records: { a: { version: '1.0.0', counter: 1, good: true } },
    });
    expect(await readdir(join(here.folder, 'work'))).toEqual([]);
  });

  test.each(BREAKS)(
    'single-file: ends committed and whole, whichever write a %s hits',
    { timeout: 300_000 },
    async kind => {
      const { file, target } = await here.release(files);
      for (let n = 1; ; n++) {
        for (const name of ['trust', 'work']) await rm(join(here.folder, name), { recursive: true, force: true });
        await writeFile(join(there, 'lamp.conf'), 'old');
        const broken = breakAt(n, kind);
        const life = (async () => {
          const installer = await here.open({ executable: SINGLE, files: broken.files });
          const slot = await installer.install(file, target, never);
          await installer.activate(slot);
          await installer.proveHealthy(never);
          await installer.markGood(slot);
        })();
        await Promise.race([life, broken.dead]).catch(() => undefined);

        const next = await here.open({ executable: SINGLE });
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
    await mkdir(join(here.folder, 'tree'));
    await writeFile(join(here.folder, 'tree/new.conf'), 'new');
    await create({ file: join(here.folder, 'update.tar'), cwd: join(here.folder, 'tree') }, ['.']);
    const update = await readFile(join(here.folder, 'update.tar'), 'latin1');
    const { file, target } = await here.release({ dest_dir: `${there}\n`, 'update.tar': update });
    const installer = await here.open({ executable: `${MENDER_MODULES}/directory` });
    const slot = await installer.install(file, target, never);
    await installer.activate(slot);
    expect(await readdir(there)).toEqual(['new.conf']);
    await installer.markBad(slot);
    expect(await readdir(there)).toEqual(['lamp.conf']);
  });

  test('script: cannot go back, so it runs only where the config allows that', async () => {
    const { file, target } = await here.release({ 'do.sh': `#!/bin/sh\ntouch ${there}/done\n` });
    const executable = `${MENDER_MODULES}/script`;
    const refused = (await here.open({ executable })).install(file, target, never);
    await expect(refused).rejects.toMatchObject({ code: 'installer-failed', message: expect.stringContaining('back') });
    const installer = await here.open({ executable, allowsNoWayBack: true });
    await installer.activate(await installer.install(file, target, never));
    expect(await exists(join(there, 'done'))).toBe(true);
  });
});
