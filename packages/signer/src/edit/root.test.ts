import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { emptyRepository, signedRepository, testKey, type TestRepository } from '../test-repository.ts';
import type { RootSigned } from '../tuf/metadata.ts';

const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

const drafts = () => readdir(join(made.dir, 'staged'));
const draft = async () =>
  (JSON.parse(await readFile(join(made.dir, 'staged', 'root.json'), 'utf8')) as { signed: RootSigned }).signed;

test('a key comes, a key goes, the threshold and the expiry change, all in one draft', async () => {
  const { repo, keys, dir } = made;
  const d = await testKey(join(dir, '..'), 'd', 'person');
  await repo.expireRoot({ days: 90 });
  await repo.addRootKey({ key: d });
  await repo.setRootThreshold({ role: 'root', threshold: 3 });
  const { version, expires } = await repo.removeRootKey({ keyid: keys.b.keyid, roles: ['targets'] });
  expect({ version, expires }).toEqual({ version: 2, expires: '2026-05-30T12:00:00Z' });
  const { roles } = await draft();
  expect(roles.root).toEqual({ keyids: [keys.a, keys.b, keys.c, d].map(k => k.keyid), threshold: 3 });
  expect(roles.targets).toEqual({ keyids: [keys.a, keys.c, d].map(k => k.keyid), threshold: 2 });
});

test('a key that is in no role any more is no longer listed', async () => {
  await made.repo.removeRootKey({ keyid: made.keys.b.keyid });
  expect(Object.keys((await draft()).keys)).not.toContain(made.keys.b.keyid);
});

test('asking for what is so already drafts nothing, and keeps the signatures of a draft', async () => {
  const { repo, keys } = made;
  expect(await repo.addRootKey({ key: keys.a })).toMatchObject({ changed: false });
  expect(await drafts()).toEqual([]);
  await repo.removeRootKey({ keyid: keys.c.keyid });
  await repo.sign('root', keys.a.signer);
  expect(await repo.setRootThreshold({ role: 'root', threshold: 2 })).toMatchObject({ changed: false });
  expect((await repo.status()).find(r => r.role === 'root')?.draft).toMatchObject({ missing: 1 });
});

test('what nobody could sign any more, or one person alone could, is refused and nothing is drafted', async () => {
  const { repo, keys } = made;
  await expect(repo.setRootThreshold({ role: 'root', threshold: 4 })).rejects.toEqual(refused('threshold-invalid'));
  await expect(repo.setRootThreshold({ role: 'targets', threshold: 1 })).rejects.toEqual(refused('threshold-invalid'));
  await expect(repo.expireRoot({ days: 0 })).rejects.toEqual(refused('expiry-invalid'));
  await expect(repo.removeRootKey({ keyid: keys.ci.keyid })).rejects.toEqual(refused('key-unknown'));
  expect(await drafts()).toEqual([]);
  await repo.removeRootKey({ keyid: keys.c.keyid });
  await expect(repo.removeRootKey({ keyid: keys.b.keyid })).rejects.toEqual(refused('threshold-invalid'));
});

test('machines and online keys have no say in the root', async () => {
  const { repo, keys } = made;
  await expect(repo.addRootKey({ key: keys.ci })).rejects.toEqual(refused('key-kind'));
  await expect(repo.addRootKey({ key: keys.snap })).rejects.toEqual(refused('key-kind'));
  await expect(repo.addRootKey({ key: { ...keys.snap, kind: 'person' } })).rejects.toMatchObject({ code: 'key-kind' });
  expect(await drafts()).toEqual([]);
});

test('the first root can be changed before anybody has signed it', async () => {
  const { repo, dir } = await emptyRepository();
  const d = await testKey(join(dir, '..'), 'd', 'person');
  expect(await repo.addRootKey({ key: d })).toMatchObject({ version: 1, changed: true });
});
