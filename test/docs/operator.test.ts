import { test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('the operator’s guide leads from nothing to a verified update', { timeout: 600_000 }, async () => {
  await using folder = await tempFolder('tidegate-operator-docs');
  await runPage('docs/operator.md', folder.path);
});
