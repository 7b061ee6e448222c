/** The README's first command, as a script runs it. */
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

test.each([
  [['--devices', '0'], 2],
  [['--devices', 'ten'], 2],
  [['--no-such-option'], 2],
  [['--help'], 0],
])('answers %j at once with exit code %i', async (words, expected) => {
  const { code, stdout, stderr } = await runToEnd([DEMO, ...words]);
  expect(code).toBe(expected);
  expect(stdout + stderr).toMatch(/devices|unknown option/);
});

test('says what to do where the data folder cannot be written', async () => {
  const { code, stderr } = await runToEnd([DEMO, '--once', '--data', '/dev/null/data']);
  expect(code).toBe(1);
  expect(stderr).toContain('Name another with --data');
});
