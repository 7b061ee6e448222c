/** The agent's Debian package, as `npm run build:debian` makes it. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/package-debian.ts', import.meta.url));
const run = promisify(execFile);

let folder: Awaited<ReturnType<typeof tempFolder>>;
let file: string;
const build = async (out: string) =>
  (await run(process.execPath, [SCRIPT, '--out', join(folder.path, out)])).stdout.trim();

beforeAll(async () => {
  folder = await tempFolder('tidegate-debian');
  file = await build('first');
});
afterAll(() => folder[Symbol.asyncDispose]());

test('holds the program, its units and its user, all of them root’s, and nothing else that runs', async () => {
  const { stdout } = await run('dpkg-deb', ['--contents', file]);
  const files = stdout.split('\n').filter(line => line.startsWith('-'));
  expect(files.every(line => line.includes(' root/root '))).toBe(true);
  expect(files.map(line => line.slice(line.indexOf('./') + 1)).filter(path => !path.startsWith('/usr/share/'))).toEqual(
    [
      '/usr/bin/tidegate-agent',
      '/usr/lib/systemd/system/tidegate-agent-once.service',
      '/usr/lib/systemd/system/tidegate-agent-once.timer',
      '/usr/lib/systemd/system/tidegate-agent.service',
      '/usr/lib/sysusers.d/tidegate.conf',
      '/usr/lib/tidegate/tidegate-agent.cjs',
    ],
  );
});

test('its program runs by itself, beside Node and nothing else', async () => {
  const tree = join(folder.path, 'tree');
  await run('dpkg-deb', ['--extract', file, tree]);
  const program = join(tree, 'usr/lib/tidegate/tidegate-agent.cjs');
  const { stdout } = await run(process.execPath, [program, '--help'], { cwd: '/', env: {} });
  expect(stdout).toMatch(/^Usage: tidegate-agent/);
});

test('is the same to the byte when it is built again', async () => {
  const again = await build('second');
  expect((await readFile(again)).equals(await readFile(file))).toBe(true);
});

test('lintian finds no fault', async () => {
  const { stdout } = await run('lintian', ['--allow-root', '--fail-on', 'error,warning', file]);
  expect(stdout).toBe('');
});
