import { test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('the release engineer’s guide leads from nothing to a verified update', { timeout: 600_000 }, async () => {
  await using folder = await tempFolder('tidegate-release-docs');
  await runPage('docs/release-engineer.md', folder.path);
});
