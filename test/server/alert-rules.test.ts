/** The rules that we give to operators must not watch what is not there: such an alert would never come. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CODE_NAMES, CODES } from '@tidegate/protocol';
import { testApp } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const FILE = fileURLToPath(new URL('../../infra/prometheus/alerts.yaml', import.meta.url));

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

test('the alert rules name metrics and codes that exist', async () => {
  const rules = (parse(await readFile(FILE, 'utf8')) as Rules).groups.flatMap(g => g.rules);
  const app = await testApp();
  const text = (await app.admin('GET', '//metrics')).bytes.toString();
  await app.close();
  const there = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const named = rules.flatMap(r => [...r.expr.matchAll(/\b(?:tidegate|process|nodejs)_\w+/g)].map(([name]) => name));
  expect(named.length).toBeGreaterThanOrEqual(rules.length);
  expect(named.filter(name => !there.has(name))).toEqual([]);

  const [pattern = ''] = rules.flatMap(r => /code=~"([^"]+)"/.exec(r.expr)?.[1] ?? []);
  const codes = CODE_NAMES.filter(code => new RegExp(`^(?:${pattern})$`).test(code));
  expect(codes).toEqual(CODE_NAMES.filter(code => CODES[code].weight === 'authenticity'));
});
