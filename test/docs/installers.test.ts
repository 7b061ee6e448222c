import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runChapter } from './run-page.ts';

test.each([
  ['rauc', 'Bundle Format:'],
  ['swupdate', 'SWUPDATE successful'],
])('the guide to installers makes what the real %s takes', async (installer, words) => {
  await using folder = await tempFolder('tidegate-installers-docs');
  expect(await runChapter('docs/installers.md', `\`${installer}\``, { home: folder.path, env: {} })).toContain(words);
});
