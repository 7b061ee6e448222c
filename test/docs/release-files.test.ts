import { test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('the guide to release files lists, demands, holds, withdraws and retires as it says', {
  timeout: 600_000,
}, async () => {
  await using folder = await tempFolder('tidegate-release-files-docs');
  await runPage('docs/release-files.md', folder.path);
});
