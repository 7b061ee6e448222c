/** What lint finds in drafts that no command has written so. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestRepository } from '../test-repository.ts';
import { type Entry, entryIn, found, type LintedRepository, lintedRepository, type List } from './test-lint.ts';

let made: TestRepository;
let edit: LintedRepository['edit'];
let findings: LintedRepository['findings'];
let released: LintedRepository['released'];
beforeEach(async () => {
  ({ made, edit, findings, released } = await lintedRepository());
});

describe('drafts that were edited by hand', () => {
  const draft = 'staged/p-gw2-stable.json';
  const role = 'p-gw2-stable';
  let path: string;
  beforeEach(async () => {
    path = await released('1.0.0');
  });

  test.each<[string, (entry: Entry) => void]>([
    ['metadata-invalid', entry => (entry.custom['counter'] = 1.5)],
    ['number-not-whole', entry => (entry.custom['minBatteryPercent'] = 0.5)],
    ['metadata-invalid', entry => (entry.hashes.sha256 = 'AB'.repeat(32))],
    ['firmware-invalid', entry => (entry.custom['version'] = '1.0.1')],
    ['risk-missing', entry => (entry.custom['class'] = 'security')],
    [
      'custom-too-large',
      entry => (entry.custom['notes'] = Object.fromEntries(['en', 'de', 'fr', 'it'].map(l => [l, 'x'.repeat(490)]))),
    ],
    ['artifact-differs', entry => (entry.length += 1)],
    ['artifact-missing', entry => (entry.hashes.sha256 = 'ab'.repeat(32))],
  ])('%s', async (code, change) => {
    await edit(draft, ({ signed }) => change(entryIn(signed, path)));
    expect(await findings()).toContainEqual(found(code, 'error', { role }));
  });

  test.each<[string, (signed: List) => void]>([
    ['name-invalid', signed => (signed.targets['gw2/stable/rootfs/1.0.0'] = entryIn(signed, path))],
    ['metadata-invalid', signed => (signed.targets['gw3/stable/rootfs/1.0.0/x'] = entryIn(signed, path))],
    ['metadata-invalid', signed => (signed.delegations = { keys: {}, roles: [] })],
    ['version-conflict', signed => (signed.version = 1)],
    ['expiry-invalid', signed => (signed.expires = '2026-02-01T00:00:00Z')],
  ])('%s, in the list', async (code, change) => {
    await edit(draft, ({ signed }) => change(signed));
    expect(await findings()).toContainEqual(found(code, 'error', { role }));
  });

  test('counters that jump, or stand for two versions, over all channels', async () => {
    await released('2.0.0', { channel: 'beta' });
    await edit('staged/p-gw2-beta.json', ({ signed }) => {
      entryIn(signed, 'gw2/beta/rootfs/2.0.0/rootfs-2.0.0.img').custom['counter'] = 1002;
    });
    expect(await findings()).toContainEqual(found('counter-step', 'error'));
    await edit('staged/p-gw2-beta.json', ({ signed }) => {
      entryIn(signed, 'gw2/beta/rootfs/2.0.0/rootfs-2.0.0.img').custom['counter'] = 1;
    });
    expect(await findings()).toContainEqual(found('counter-fixed', 'error'));
  });

  test('a name that stands there twice is seen, and such a draft is not signed', async () => {
    const file = join(made.dir, draft);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"counter":1,', '"counter":9,"counter":1,'));
    expect(await findings()).toContainEqual(
      found('name-twice', 'error', { role, path: `/signed/targets/${path.replaceAll('/', '~1')}/custom/counter` }),
    );
    await expect(made.repo.sign(role, made.keys.ci.signer)).rejects.toMatchObject({ code: 'draft-unsound' });
  });

  test('bytes that are not UTF-8', async () => {
    const file = join(made.dir, draft);
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.from([0xff])]));
    expect(await findings()).toContainEqual(found('not-utf8', 'error', { role }));
  });

  test('a time of release that has not come, and a life that is far too long', async () => {
    await edit(draft, ({ signed }) => {
      entryIn(signed, path).custom['releasedAt'] = '2026-03-02T12:00:00Z';
      signed.expires = '2027-03-01T12:00:00Z';
    });
    expect(await findings()).toEqual([
      found('expiry-far', 'warning', { role }),
      found('released-in-future', 'warning', { path }),
    ]);
  });
});
