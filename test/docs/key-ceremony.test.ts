import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('every command of the key holders’ guide does what the guide says', { timeout: 900_000 }, async () => {
  await using folder = await tempFolder('tidegate-ceremony-docs');
  expect(await runPage('docs/key-ceremony.md', folder.path)).not.toContain('internal');
  const root = JSON.parse(await readFile(join(folder.path, 'ceremony', 'desk', 'metadata', '4.root.json'), 'utf8')) as {
    signed: { version: number; roles: { root: { keyids: string[]; threshold: number } } };
  };
  expect(root.signed).toMatchObject({ version: 4, roles: { root: { threshold: 3 } } });
  expect(root.signed.roles.root.keyids).toHaveLength(5);
});
