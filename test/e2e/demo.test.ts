/** The README's first command, as a script runs it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { tempFolder } from '../src/temp-folder.ts';

const DEMO = fileURLToPath(new URL('../../demo/main.ts', import.meta.url));

test('the demonstration ends by itself with a summary of what was proved and refused', async () => {
  await using folder = await tempFolder('tidegate-demo');
  const { code, stdout, stderr } = await runToEnd([
    DEMO,
    '--once',
    '--json',
    '--devices',
    '2',
    '--data',
    join(folder.path, 'data'),
  ]);
  expect(stderr).toContain('Summary');
  expect(code).toBe(0);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as object;
  expect(summary).toMatchObject({ devices: 2, verified: 2, halted: true });
  expect(summary).toHaveProperty('refusals', [
    { attack: 'flipped image', code: 'artifact-hash' },
    { attack: 'older release', code: 'counter-rollback' },
    { attack: "another product's release", code: 'wrong-channel' },
    { attack: 'stale metadata', code: 'metadata-rollback' },
  ]);
});

test('rolls out the own file of the user, byte for byte, and says where each device holds it', async () => {
  await using folder = await tempFolder('tidegate-demo');
  const bytes = randomBytes(300_000);
  await writeFile(join(folder.path, 'my router 2.4.1.img'), bytes);
  const words = ['--once', '--json', '--devices', '2', '--data', 'data', '--firmware', 'my router 2.4.1.img'];
  const { code, stdout, stderr } = await runToEnd([DEMO, ...words], { env: { INIT_CWD: folder.path } });
  expect(stderr).toContain('verified means here');
  expect(code).toBe(0);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { firmware: { installed: string[] } };
  expect(summary).toMatchObject({
    devices: 2,
    verified: 2,
    rolledBack: 1,
    halted: true,
    refusals: [
      { code: 'artifact-hash' },
      { code: 'counter-rollback' },
      { code: 'wrong-channel' },
      { code: 'metadata-rollback' },
    ],
    firmware: {
      file: join(folder.path, 'my router 2.4.1.img'),
      version: '2.4.1',
      target: 'gw2/stable/firmware/2.4.1/my-router-2.4.1.img',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    },
  });
  expect(summary.firmware.installed).toHaveLength(2);
  for (const path of summary.firmware.installed) expect((await readFile(path)).equals(bytes)).toBe(true);
});

test.each([
  [['--devices', '0'], 2],
  [['--devices', 'ten'], 2],
  [['--no-such-option'], 2],
  [['--firmware'], 2],
  [['--firmware', '/no/such/file', '--devices', '2'], 2],
  [['--firmware', '/dev/null', '--devices', '2'], 2],
  [['--firmware', '/etc', '--devices', '2'], 2],
  [['--version', '1.0', '--devices', '2'], 2],
  [['--help'], 0],
])('answers %j at once with exit code %i', async (words, expected) => {
  const { code, stdout, stderr } = await runToEnd([DEMO, ...words]);
  expect(code).toBe(expected);
  expect(stdout + stderr).toMatch(/devices|unknown option|--firmware/);
});

test('says what to do where the data folder cannot be written', async () => {
  const { code, stderr } = await runToEnd([DEMO, '--once', '--data', '/dev/null/data']);
  expect(code).toBe(1);
  expect(stderr).toContain('Name another with --data');
});
