import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { bash } from './bash.ts';
import { scriptOf, type ShBlock, shBlocks, unseen } from './sh-blocks.ts';

const page = [
  '# Title',
  '```sh',
  'folder=made',
  'mkdir \\',
  '  $folder',
  '```',
  '```json',
  '{ "not": "run" }',
  '```',
  '```sh',
  'ls $folder/none   # exits with 2',
  'echo "a table   of 12"; echo between; echo done',
  '```',
  '',
  'which shows:',
  '',
  '```text',
  'a table of …',
  'done',
  '```',
].join('\n');

async function run(blocks: readonly ShBlock[]) {
  await using folder = await tempFolder('tidegate-docs');
  const file = join(folder.path, 'page.sh');
  await writeFile(file, scriptOf(blocks));
  return await bash(file, { cwd: folder.path, env: {} });
}

test('the sh blocks of a page run in one session, exit as the page says, and print what it shows', async () => {
  const blocks = shBlocks(page);
  expect(blocks).toHaveLength(2);
  const ended = await run(blocks);
  expect(ended).toMatchObject({ code: 0 });
  expect(unseen(blocks, ended.output)).toEqual([]);
});

test('a command that fails, or does not fail as the page says, fails the page', async () => {
  const failed = await run([{ sh: 'false\necho went on\n' }]);
  expect(failed).toEqual({ code: 1, output: 'failed: false\n' });
  const otherwise = await run([{ sh: 'true   # exits with 3\necho went on\n' }]);
  expect(otherwise.code).toBe(99);
  expect(otherwise.output).not.toContain('went on');
});

test('a line that no command printed, or in another order, is told', () => {
  const blocks = [{ sh: '', seen: 'one\ntwo\n' }];
  expect(unseen(blocks, 'one\n\ntwo\n')).toEqual([]);
  expect(unseen(blocks, 'two\none\n')).toEqual(['two']);
  expect(unseen(blocks, 'one two\n')).toEqual(['one', 'two']);
});

test('what a page leaves in the background ends with it', async () => {
  const ended = await run([
    { sh: 'sh -c \'trap "echo ended in order; exit" TERM; while :; do sleep 0.1; done\' &\nsleep 0.3\n' },
  ]);
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('ended in order') as string });
});
