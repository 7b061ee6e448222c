import { expect, test } from 'vitest';
import { scriptOf, shBlocks } from './sh-blocks.ts';
import { bash } from './bash.ts';
import { tempFolder } from '../src/temp-folder.ts';

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
  'echo done',
  '```',
].join('\n');

test('the sh blocks of a page run in one session, and exit as the page says', async () => {
  await using folder = await tempFolder('tidegate-docs');
  expect(shBlocks(page)).toHaveLength(2);
  expect(await bash(scriptOf(shBlocks(page)), { cwd: folder.path })).toMatchObject({ code: 0, stdout: 'done\n' });
});

test('a command that fails, or does not fail as the page says, fails the page', async () => {
  await using folder = await tempFolder('tidegate-docs');
  const run = (text: string) => bash(scriptOf([text]), { cwd: folder.path });
  expect(await run('false\necho done\n')).toMatchObject({ code: 1, stdout: '' });
  expect(await run('true   # exits with 3\necho done\n')).toMatchObject({ code: 99, stdout: '' });
});
