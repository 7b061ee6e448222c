/** The payload of a release on its way to a module: by pipes or as files, and refused where it is not whole. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exists, never, openTestScripts, targetOf, type TestScripts } from './test-scripts.ts';

let here: TestScripts;
beforeEach(async () => {
  here = await openTestScripts();
});
afterEach(() => here[Symbol.asyncDispose]());

test('a module may take the payload by its pipes, and then finds no files', async () => {
  const big = 'x'.repeat(1_000_000);
  const { file, target } = await here.release({ first: big, empty: '', last: 'end' });
  const executable = await here.moduleThat(`case "$1" in
    Download)
      while true; do
        next="$(cat stream-next)"
        test -n "$next" || break
        cat "$next" > ${here.folder}/taken-$(basename "$next")
      done;;
    SupportsRollback) echo Yes;;
    ArtifactInstall) test ! -e files; test ! -e streams; test ! -e stream-next;;
  esac`);
  const installer = await here.open({ executable });
  await installer.activate(await installer.install(file, target, never));
  expect(await readFile(join(here.folder, 'taken-first'), 'utf8')).toBe(big);
  expect(await readFile(join(here.folder, 'taken-empty'), 'utf8')).toBe('');
  expect(await readFile(join(here.folder, 'taken-last'), 'utf8')).toBe('end');
});

test.each([
  ['ends in the middle of a file', 'cat stream-next; head -c 10 streams/first >/dev/null', 'before it took first'],
  ['ends after the first of two files', 'cat stream-next; cat streams/first >/dev/null', 'before it took last'],
  ['fails', 'echo no such valve >&2; exit 7', 'Download ended with 7: no such valve'],
])('a module that %s while it downloads is refused, and cleans up', async (_how, body, words) => {
  const { file, target } = await here.release({ first: 'x'.repeat(1_000_000), last: 'end' });
  const executable = await here.moduleThat(`if test "$1" = Download; then ${body}; fi`);
  const refused = (await here.open({ executable })).install(file, target, never);
  await expect(refused).rejects.toMatchObject({ code: 'installer-failed', message: expect.stringContaining(words) });
  expect(await here.asked()).toEqual(['Download', 'Cleanup']);
  expect(await readdir(join(here.folder, 'work'))).toEqual([]);
});

test.each([
  ['a folder', ['inner', 'inner/file']],
  ['a name that climbs', ['../evil']],
])('refuses a payload with %s', async (_what, _names) => {
  await mkdir(join(here.folder, 'from/inner'), { recursive: true });
  await writeFile(join(here.folder, 'from/inner/file'), 'x');
  await writeFile(join(here.folder, 'evil'), 'x');
  const file = join(here.folder, 'artifact.tar');
  await create({ file, cwd: join(here.folder, 'from'), preservePaths: true }, _names);
  const executable = await here.moduleThat('');
  const refused = (await here.open({ executable })).install(
    file,
    targetOf(await readFile(file), 'tar', 'app.tar'),
    never,
  );
  await expect(refused).rejects.toMatchObject({ code: 'installer-failed' });
  expect(await exists(join(here.folder, 'asked'))).toBe(false);
});

test('a payload that was changed after it was staged is not activated', async () => {
  const { file, target } = await here.release({ one: '1' });
  const executable = await here.moduleThat('if test "$1" = SupportsRollback; then echo Yes; fi');
  const installer = await here.open({ executable });
  const slot = await installer.install(file, target, never);
  await writeFile(join(here.folder, 'work/tree/files/one'), '2');
  await expect(installer.activate(slot)).rejects.toMatchObject({ code: 'slot-mismatch' });
  expect(await here.asked()).not.toContain('ArtifactInstall');
});
