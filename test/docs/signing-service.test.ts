import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

test('the guide explains every setting of the service, and none that it does not have', async () => {
  const page = await readFile(new URL('../../docs/signing-service.md', import.meta.url), 'utf8');
  const source = await readFile(new URL('../../packages/signer/src/service/config.ts', import.meta.url), 'utf8');
  const [, body = ''] = /^const Settings = closed\(\{\n(.*?)^\}\);$/ms.exec(source) ?? [];
  const settings = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) => name);
  const table = page.split('## Every setting')[1]?.split('\n\n')[2] ?? '';
  const explained = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = '']) => cell.match(/(?<=`)\w+/g) ?? []);
  expect(settings.length).toBeGreaterThan(10);
  expect([...new Set(explained)].toSorted()).toEqual(settings.toSorted());
});
