import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { holds, provenRows } from './proofs.ts';

const page = new URL('../../docs/rollouts.md', import.meta.url);

test('each promise about rollouts names tests that are there', async () => {
  const rows = provenRows(await readFile(page, 'utf8'));
  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter(row => row.proofs.length === 0).map(row => row.promise)).toEqual([]);
  const missing: string[] = [];
  for (const { file, titles } of rows.flatMap(row => row.proofs)) {
    const source = await readFile(new URL(file, page), 'utf8').catch(() => '');
    if (!holds(source, titles)) missing.push(`${file}: ${titles.join(' › ')}`);
  }
  expect(missing).toEqual([]);
});

test('a test that was renamed, moved or removed is missed', () => {
  const source = `describe('a door', () => {\n  it('opens', () => {});\n});\ntest.each([1])(\n  'it’s %s',\n);\n`;
  expect(holds(source, ['a door', 'opens'])).toBe(true);
  expect(holds(source, ['it’s %s'])).toBe(true);
  for (const titles of [['opens', 'a door'], ['open'], []]) expect(holds(source, titles)).toBe(false);
});

test('the rows of a table are found without its heading, each with the tests that it names', () => {
  const table =
    '| what | shown by |\n|---|---|\n| a door | [door](../door.test.ts) «a door › opens» «shuts» |\n| a wall | |\n';
  expect(provenRows(table)).toEqual([
    {
      promise: 'a door',
      proofs: [
        { file: '../door.test.ts', titles: ['a door', 'opens'] },
        { file: '../door.test.ts', titles: ['shuts'] },
      ],
    },
    { promise: 'a wall', proofs: [] },
  ]);
});
