import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Repository } from '../repository.ts';
import { notePublished } from '../store/published.ts';
import { storeAt } from '../store/store.ts';
import { emptyRepository, signedRepository, START } from '../test-repository.ts';
import { lifeOf } from './life.ts';

async function rowOf(repo: Repository, role: string) {
  return (await repo.status()).find(r => r.role === role);
}

test.each([
  [5.1, undefined],
  [5, 'half'],
  [2.4, 'soon'],
  [0.9, 'now'],
  [0, 'expired'],
])('with %d of 10 days left the warning is %s', (daysLeft, warning) => {
  const expires = new Date(START.getTime() + daysLeft * 86_400_000).toISOString();
  expect(lifeOf(expires, 10, START).warning).toBe(warning);
});

test('says of a fresh list nothing, and never more than all of its life', () => {
  expect(lifeOf('2026-03-11T12:00:00Z', 10, START)).toEqual({
    expires: '2026-03-11T12:00:00Z',
    daysLeft: 10,
    lifeUsedPercent: 0,
  });
  expect(lifeOf('2025-03-11T12:00:00Z', 10, START)).toMatchObject({ lifeUsedPercent: 100, warning: 'expired' });
});

test('names who has signed each list, by which threshold, and until when it holds', async () => {
  const { repo } = await signedRepository();
  const stable = await rowOf(repo, 'p-gw2-stable');
  expect(stable).toMatchObject({ version: 1, daysLeft: 60, lifeUsedPercent: 0, targets: 0, unpublished: true });
  expect(stable?.quorum).toMatchObject({ threshold: 2, missing: 0 });
  expect(stable?.quorum?.signed.map(h => [h.name, h.kind]).toSorted()).toEqual([
    ['a', 'person'],
    ['ci', 'ci'],
  ]);
});

test('says of a draft how many have signed under each threshold, and who has not', async () => {
  const { repo, keys } = await signedRepository();
  await repo.renew('root');
  await repo.sign('root', keys.b.signer);
  const draft = (await rowOf(repo, 'root'))?.draft;
  expect(draft).toMatchObject({ version: 2, missing: 1 });
  expect(draft?.quorums.map(q => [q.of, q.signed.map(h => h.name), q.open.map(h => h.name), q.threshold])).toEqual([
    ['root 2', ['b'], ['a', 'c'], 2],
    ['root 1', ['b'], ['a', 'c'], 2],
  ]);
});

test('a list whose keys were changed lacks signatures until the new keys have signed', async () => {
  const { repo, keys } = await signedRepository();
  await repo.addDelegation({ product: 'gw2', channel: 'beta', keys: [keys.c], replace: true });
  for (const key of [keys.a, keys.b]) await repo.sign('targets', key.signer);
  expect((await rowOf(repo, 'p-gw2-beta'))?.quorum).toMatchObject({ signed: [], missing: 1 });
});

test('what was published counts as out until its next version', async () => {
  const { repo, keys, dir } = await signedRepository();
  await notePublished(storeAt(dir), { at: '2026-03-01T12:00:00Z', versions: { 'h-gw2': 1 } });
  expect(await rowOf(repo, 'h-gw2')).toMatchObject({ unpublished: false });
  await repo.renew('h-gw2');
  await repo.sign('h-gw2', keys.a.signer);
  expect(await rowOf(repo, 'h-gw2')).toMatchObject({ version: 2, unpublished: true });
});

test('a damaged draft spoils its own row and no other', async () => {
  const { repo, dir } = await emptyRepository();
  const path = join(dir, 'staged', 'root.json');
  await writeFile(path, (await readFile(path)).subarray(0, 100));
  const rows = await repo.status();
  expect(rows.find(r => r.role === 'root')?.fault).toMatchObject({ code: 'metadata-invalid' });
  expect(rows.map(r => r.role)).toEqual(['root', 'targets', 'snapshot', 'timestamp']);
});
