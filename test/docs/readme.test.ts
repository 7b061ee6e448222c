import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startChild } from '../src/child.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { runChapter } from './run-page.ts';

const DEMO = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));

test('what the README says to do by hand works on what npm start leaves', { timeout: 300_000 }, async () => {
  await using folder = await tempFolder('tidegate-readme');
  const data = join(folder.path, 'data');
  await using demo = await startChild({
    args: [DEMO, '--devices', '1', '--data', data],
    logFile: join(folder.path, 'demo.log'),
    isReady: line => line.startsWith('The server stays up at'),
    readyWithinMs: 200_000,
  });
  const [URL = '', ADMIN = ''] = demo.readyLine.match(/http:[^ ,)]+/g) ?? [];
  const [run = ''] = await readdir(data);
  const env = { URL, ADMIN, RUN: join(data, run), TIDEGATE_SERVER: '' };
  const printed = await runChapter('README.md', 'By hand', { home: folder.path, env });
  expect(printed).toContain('gw2/stable/app/1.1.0');
  expect(printed).toContain('postponed until');
});
