import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Repository } from '../repository.ts';
import { signedRepository, START, testKey, type TestKey, type TestRepository } from '../test-repository.ts';
import { verifyRepository } from '../verify/verify.ts';

const refused = (code: string) => expect.objectContaining({ code });
const write = { write: true };

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

const newKey = (name: string, kind: TestKey['kind']) => testKey(join(made.dir, '..'), name, kind);
const drafts = () => readdir(join(made.dir, 'staged'));

async function signAll(repo: Repository, signers: Readonly<Record<string, readonly TestKey[]>>): Promise<void> {
  for (const [role, keys] of Object.entries(signers)) {
    for (const { signer } of keys) await repo.addSignature(role, await repo.signDetached(role, signer));
  }
}

async function seenByDevices() {
  const root = await readFile(join(made.dir, 'metadata', '1.root.json'));
  const { roles } = await verifyRepository({ source: made.dir, root, now: () => START });
  return Object.fromEntries(roles.map(r => [r.role, r.version]));
}

test('a plan says which roles, who must sign and what happens, and changes nothing', async () => {
  const { repo, keys } = made;
  const plan = await repo.revoke({ keyid: keys.b.keyid }, { write: false });
  expect(plan.drafts.map(d => [d.role, d.version])).toEqual([
    ['root', 2],
    ['targets', 2],
    ['h-gw2', 2],
  ]);
  const who = plan.drafts.map(d => d.quorums.map(q => [q.of, q.threshold, q.open.map(h => h.name).join()]));
  expect(who[0]).toEqual([
    ['root 2', 2, 'a,c'],
    ['root 1', 2, 'a,c'],
  ]);
  expect(plan.steps.join('\n')).toContain('tidegate-signer assemble');
  expect(plan.inTheField.join('\n')).toContain('hold releases back');
  expect(await drafts()).toEqual([]);
});

test('where the root needs every key that it has, the plan says that the revoked one must sign once more', async () => {
  const { repo, keys } = made;
  await repo.setRootThreshold({ role: 'root', threshold: 3 });
  await signAll(repo, { root: [keys.a, keys.b, keys.c] });
  await repo.assemble();
  await expect(repo.revoke({ keyid: keys.c.keyid }, write)).rejects.toEqual(refused('threshold-invalid'));
  const plan = await repo.revoke({ keyid: keys.c.keyid, replacement: await newKey('d', 'person') }, { write: false });
  expect(plan.drafts[0]?.quorums[1]?.open.map(h => h.name)).toContain('c');
  expect(plan.inTheField.join('\n')).toContain('this one too');
});

test('a person’s key is out of every role once those that are left have signed', async () => {
  const { repo, keys } = made;
  await repo.revoke({ keyid: keys.b.keyid }, write);
  await signAll(repo, { root: [keys.a, keys.c], targets: [keys.a, keys.c], 'h-gw2': [keys.a] });
  expect((await repo.assemble()).every(r => r.complete)).toBe(true);
  await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
  expect(await seenByDevices()).toMatchObject({ root: 2, targets: 2, 'h-gw2': 2 });
  for (const role of ['root', 'targets', 'h-gw2']) {
    await repo.renew(role);
    await expect(repo.sign(role, keys.b.signer)).rejects.toEqual(refused('key-not-in-role'));
  }
  await expect(repo.revoke({ keyid: keys.b.keyid }, write)).rejects.toEqual(refused('key-unknown'));
});

test('a pipeline’s key is replaced in one step, and only with a replacement', async () => {
  const { repo, keys } = made;
  await expect(repo.revoke({ keyid: keys.ci.keyid }, write)).rejects.toEqual(refused('threshold-invalid'));
  expect(await drafts()).toEqual([]);
  const ci2 = await newKey('ci2', 'ci');
  await repo.revoke({ keyid: keys.ci.keyid, replacement: ci2 }, write);
  await signAll(repo, { targets: [keys.a, keys.b], 'p-gw2-stable': [ci2, keys.a], 'p-gw2-beta': [ci2] });
  await repo.assemble();
  await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
  expect(await seenByDevices()).toMatchObject({ root: 1, targets: 2, 'p-gw2-stable': 2, 'p-gw2-beta': 2 });
});

test('a replacement that would put two machines into a stable channel, or an online key, is refused', async () => {
  const { repo, keys } = made;
  const ci2 = await newKey('ci2', 'ci');
  await expect(repo.revoke({ keyid: keys.a.keyid, replacement: ci2 }, write)).rejects.toEqual(refused('key-kind'));
  await expect(repo.revoke({ keyid: keys.ci.keyid, replacement: keys.snap }, write)).rejects.toEqual(
    refused('duplicate-key'),
  );
  await expect(repo.revoke({ keyid: keys.ci.keyid, replacement: keys.ci }, write)).rejects.toEqual(
    refused('duplicate-key'),
  );
  expect(await drafts()).toEqual([]);
});

test('asking again while drafts wait makes no others, and says so', async () => {
  const { repo, keys } = made;
  await repo.revoke({ keyid: keys.b.keyid }, write);
  await repo.sign('root', keys.a.signer);
  const again = await repo.revoke({ keyid: keys.b.keyid }, write);
  expect(again.drafts).toEqual([]);
  expect((await repo.status()).find(r => r.role === 'root')?.draft).toMatchObject({ missing: 1 });
});

test('new online keys come by a new root, and the old ones sign no more', async () => {
  const { repo, keys } = made;
  const [snap2, time2] = [await newKey('snap2', 'online'), await newKey('time2', 'online')];
  const plan = await repo.rotateOnline({ snapshotKey: snap2, timestampKey: time2 }, write);
  expect(plan.drafts.map(d => d.role)).toEqual(['root']);
  await signAll(repo, { root: [keys.b, keys.c] });
  await repo.assemble();
  await expect(repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer })).rejects.toEqual(
    refused('key-not-in-role'),
  );
  const online = { snapshot: snap2.signer, timestamp: time2.signer };
  expect(await repo.refreshOnline({ ...online, aboveSnapshot: 40 })).toMatchObject({ snapshotVersion: 41 });
  expect(await repo.refreshOnline({ ...online, aboveSnapshot: 40 })).toMatchObject({ snapshotVersion: 41 });
  await expect(repo.refreshOnline({ ...online, aboveSnapshot: 2 ** 31 - 2 })).rejects.toEqual(
    refused('version-conflict'),
  );
  expect(await seenByDevices()).toMatchObject({ root: 2, snapshot: 41 });
});

test('an online key is revoked only with another, which is online too and signs nothing else', async () => {
  const { repo, keys } = made;
  await expect(repo.revoke({ keyid: keys.time.keyid }, write)).rejects.toEqual(refused('threshold-invalid'));
  await expect(repo.rotateOnline({ timestampKey: keys.a }, write)).rejects.toEqual(refused('key-kind'));
  await expect(repo.rotateOnline({ timestampKey: keys.snap }, write)).rejects.toEqual(refused('duplicate-key'));
  await expect(repo.rotateOnline({}, write)).rejects.toEqual(refused('usage'));
  const time2 = await newKey('time2', 'online');
  await repo.revoke({ keyid: keys.time.keyid, replacement: time2 }, write);
  await signAll(repo, { root: [keys.a, keys.b] });
  await repo.assemble();
  expect(await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: time2.signer })).toMatchObject({
    timestampVersion: 2,
  });
  await seenByDevices();
});

test('a revocation that was cut off between its drafts is finished when it is asked for again', async () => {
  const { repo, keys } = made;
  await repo.revoke({ keyid: keys.b.keyid }, write);
  await repo.dropDraft('root');
  const again = await repo.revoke({ keyid: keys.b.keyid }, write);
  expect(again.drafts.map(d => d.role)).toContain('root');
  expect(await drafts()).toEqual(['h-gw2.json', 'root.json', 'targets.json']);
});
