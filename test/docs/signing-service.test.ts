import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { tempFolder } from '../src/temp-folder.ts';
import { runPage } from './run-page.ts';

test('the signing service’s guide leads from nothing to new online keys on another folder', {
  timeout: 600_000,
}, async () => {
  await using folder = await tempFolder('tidegate-signing-docs');
  await using closing = new AsyncDisposableStack();
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  await runPage('docs/signing-service.md', folder.path, { SIGNING_DATABASE: database.url });
  const log = await readFile(join(folder.path, 'signing', 'service.log'), 'utf8');
  expect(log).not.toContain(database.url);
});

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
