import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { bash } from './bash.ts';
import { scriptOf, shBlocks } from './sh-blocks.ts';

const page = new URL('../../docs/key-ceremony.md', import.meta.url);

test('every command of the key holders’ guide does what the guide says', { timeout: 900_000 }, async () => {
  await using folder = await tempFolder('tidegate-ceremony-docs');
  const script = scriptOf(shBlocks(await readFile(page, 'utf8')));
  const { code, stderr } = await bash(script, {
    cwd: folder.path,
    env: { TIDEGATE_PASSPHRASE: 'a passphrase of a test' },
  });
  expect(stderr).not.toContain('internal');
  expect(code).toBe(0);
  const root = JSON.parse(await readFile(join(folder.path, 'desk', 'metadata', '4.root.json'), 'utf8')) as {
    signed: { version: number; roles: { root: { keyids: string[]; threshold: number } } };
  };
  expect(root.signed).toMatchObject({ version: 4, roles: { root: { threshold: 3 } } });
  expect(root.signed.roles.root.keyids).toHaveLength(5);
});
