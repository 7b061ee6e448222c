import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Repository } from '../repository.ts';
import { emptyRepository, release, signedRepository, START, testKey, type TestRepository } from '../test-repository.ts';
import { verifyRepository } from '../verify/verify.ts';
import type { DetachedSignature } from '@tidegate/protocol';

const refused = (code: string) => expect.objectContaining({ code });

/** All that an edit could change, to compare before and after. */
async function everything(dir: string): Promise<Record<string, string>> {
  const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter(f => f.isFile());
  const paths = files.map(f => join(f.parentPath, f.name)).toSorted();
  return Object.fromEntries(await Promise.all(paths.map(async p => [p, await readFile(p, 'utf8')] as const)));
}

describe('a signature made elsewhere', () => {
  let made: TestRepository;
  let signature: DetachedSignature;
  beforeEach(async () => {
    made = await signedRepository();
    await made.repo.renew('root');
    signature = await made.repo.signDetached('root', made.keys.a.signer);
  });

  async function refusesUnchanged(add: () => Promise<unknown>, code: string): Promise<void> {
    const before = await everything(made.dir);
    await expect(add()).rejects.toEqual(refused(code));
    expect(await everything(made.dir)).toEqual(before);
  }

  test('is kept once, however often it comes, and completes nothing by itself', async () => {
    const { repo, keys, dir } = made;
    expect(await repo.addSignature('root', signature)).toMatchObject({ added: true, missing: 1, complete: false });
    const before = await everything(dir);
    expect(await repo.addSignature('root', signature)).toMatchObject({ added: false, missing: 1 });
    expect(await everything(dir)).toEqual(before);
    await repo.addSignature('root', await repo.signDetached('root', keys.c.signer));
    expect(await readdir(join(dir, 'metadata'))).not.toContain('2.root.json');
    expect(await repo.assemble()).toMatchObject([{ role: 'root', version: 2, complete: true }]);
  });

  test('making it changes nothing in the repository', async () => {
    const before = await everything(made.dir);
    await made.repo.signDetached('root', made.keys.b.signer);
    expect(await everything(made.dir)).toEqual(before);
  });

  test('is no use once the draft was changed', async () => {
    await made.repo.expireRoot({ days: 100 });
    await refusesUnchanged(() => made.repo.addSignature('root', signature), 'draft-stale');
  });

  test('is no use once the version is in force with another content', async () => {
    await made.repo.expireRoot({ days: 100 });
    for (const key of ['a', 'b'] as const) await made.repo.sign('root', made.keys[key].signer);
    await refusesUnchanged(() => made.repo.addSignature('root', signature), 'draft-stale');
  });

  test('that comes when the list is complete already changes nothing', async () => {
    const late = await made.repo.signDetached('root', made.keys.c.signer);
    for (const key of ['a', 'b'] as const) await made.repo.sign('root', made.keys[key].signer);
    const before = await everything(made.dir);
    expect(await made.repo.addSignature('root', late)).toMatchObject({ added: false, complete: true });
    expect(await everything(made.dir)).toEqual(before);
  });

  test('does not count for another role, another key, or other bytes', async () => {
    const { repo, keys } = made;
    await refusesUnchanged(() => repo.addSignature('targets', signature), 'usage');
    await refusesUnchanged(() => repo.addSignature('root', { ...signature, keyid: keys.b.keyid }), 'signature-invalid');
    await refusesUnchanged(() => repo.addSignature('root', { ...signature, keyid: keys.ci.keyid }), 'key-not-in-role');
    const flipped = { ...signature, sig: signature.sig.replace(/^./, c => (c === '0' ? '1' : '0')) };
    await refusesUnchanged(() => repo.addSignature('root', flipped), 'signature-invalid');
    await expect(repo.signDetached('root', keys.ci.signer)).rejects.toEqual(refused('key-not-in-role'));
  });
});

describe('any order', () => {
  let repo: Repository;
  let dir: string;
  let signatures: DetachedSignature[];
  const THRESHOLD = 3;

  async function fiveOf(): Promise<void> {
    const made = await emptyRepository();
    ({ repo, dir } = made);
    const more = [await testKey(join(dir, '..'), 'd', 'person'), await testKey(join(dir, '..'), 'e', 'person')];
    for (const key of more) await repo.addRootKey({ key });
    await repo.setRootThreshold({ role: 'root', threshold: THRESHOLD });
    const signers = [made.keys.a, made.keys.b, made.keys.c, ...more].map(k => k.signer);
    signatures = await Promise.all(signers.map(signer => repo.signDetached('root', signer)));
  }

  test('any three of five signatures in any order make the root, and fewer never do', async () => {
    await fiveOf();
    const draft = await readFile(join(dir, 'staged', 'root.json'));
    const some = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 0, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(some, async order => {
        await rm(join(dir, 'metadata', '1.root.json'), { force: true });
        await writeFile(join(dir, 'staged', 'root.json'), draft);
        for (const i of order) await repo.addSignature('root', signatures[i] as DetachedSignature);
        const enough = order.length >= THRESHOLD;
        expect(await repo.assemble(['root'])).toMatchObject([{ complete: enough }]);
        expect((await readdir(join(dir, 'metadata'))).includes('1.root.json')).toBe(enough);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a whole change at once', () => {
  test('everyone signs root, list of delegations and channel in one visit, and assemble completes them in order', async () => {
    const { repo, keys, dir } = await signedRepository();
    const ci2 = await testKey(join(dir, '..'), 'ci2', 'ci');
    await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [ci2, keys.a], replace: true });
    await repo.renew('root');
    for (const key of [keys.a, keys.b]) {
      await repo.addSignature('root', await repo.signDetached('root', key.signer));
      await repo.addSignature('targets', await repo.signDetached('targets', key.signer));
    }
    for (const key of [ci2, keys.a]) {
      await repo.addSignature('p-gw2-stable', await repo.signDetached('p-gw2-stable', key.signer));
    }
    expect((await repo.assemble()).map(r => [r.role, r.version, r.complete])).toEqual([
      ['root', 2, true],
      ['targets', 2, true],
      ['p-gw2-stable', 2, true],
    ]);
    await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
    const root = await readFile(join(dir, 'metadata', '1.root.json'));
    await verifyRepository({ source: dir, root, now: () => START });
  });

  test('until the new delegation is signed, the old keys go on releasing', async () => {
    const { repo, keys, dir, image } = await signedRepository();
    const ci2 = await testKey(join(dir, '..'), 'ci2', 'ci');
    await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [ci2, keys.a], replace: true });
    await repo.addRelease(release(await image('x.img', 'x')));
    await repo.sign('p-gw2-stable', keys.a.signer);
    expect(await repo.sign('p-gw2-stable', keys.ci.signer)).toMatchObject({ complete: true });
  });
});

describe('drafts', () => {
  test('that became lists just before a kill are passed over by assemble', async () => {
    const { repo, keys, dir } = await signedRepository();
    await repo.renew('h-gw2');
    const staged = join(dir, 'staged', 'h-gw2.json');
    const left = await readFile(staged);
    await repo.sign('h-gw2', keys.a.signer);
    await writeFile(staged, left);
    expect(await repo.assemble()).toEqual([]);
  });

  test('go on above a thief’s version, but not far, and a root never skips one', async () => {
    const { repo, keys } = await signedRepository();
    expect(await repo.renew('p-gw2-beta', { above: 41, days: 10 })).toMatchObject({ version: 42 });
    expect(await repo.sign('p-gw2-beta', keys.ci.signer)).toMatchObject({ version: 42, complete: true });
    await expect(repo.renew('p-gw2-beta', { above: 2 ** 31 - 2 })).rejects.toEqual(refused('version-conflict'));
    await expect(repo.renew('root', { above: 41 })).rejects.toEqual(refused('usage'));
    await expect(repo.renew('root', { days: 100_000 })).rejects.toEqual(refused('expiry-invalid'));
  });

  test('are thrown away where a list is in force, and only there', async () => {
    const { repo, dir } = await signedRepository();
    await repo.renew('targets');
    await repo.dropDraft('targets');
    expect(await readdir(join(dir, 'staged'))).toEqual([]);
    await expect(repo.dropDraft('targets')).rejects.toEqual(refused('nothing-to-sign'));
    await expect((await emptyRepository()).repo.dropDraft('root')).rejects.toEqual(refused('role-unsigned'));
  });

  test('with a field that nobody was told of is not signed', async () => {
    const { repo, keys, dir } = await signedRepository();
    for (const role of ['root', 'targets']) {
      await repo.renew(role);
      const path = join(dir, 'staged', `${role}.json`);
      await writeFile(path, (await readFile(path, 'utf8')).replace('"_type"', '"x-more":{"a":1},"_type"'));
      await expect(repo.sign(role, keys.a.signer)).rejects.toEqual(refused('metadata-invalid'));
    }
  });
});
