import { test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('the device engineer’s guide leads from nothing to a verified update', { timeout: 600_000 }, async () => {
  await using folder = await tempFolder('tidegate-device-docs');
  await runPage('docs/device-engineer.md', folder.path);
});
