import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { channelPaths } from '@tidegate/protocol';
import { createRepository, Repository } from './repository.ts';
import { Signer } from './keys/signer.ts';
import { emptyRepository, release, signedRepository, START, testKey, type TestRepository } from './test-repository.ts';
import { verifyRepository } from './verify/verify.ts';

const rootOf = (dir: string) => readFile(join(dir, 'metadata', '1.root.json'));
const refused = (code: string) => expect.objectContaining({ code });
const jsonOf = async (path: string) =>
  JSON.parse(await readFile(path, 'utf8')) as { signed: never; signatures: never[] };

describe('the whole way', () => {
  let made: TestRepository;
  beforeAll(async () => {
    made = await signedRepository();
  });

  test('a release signed by threshold is what a tuf-js client finds', async () => {
    const { repo, keys, image, dir } = made;
    const added = await repo.addRelease(release(await image('rootfs.img', 'first')));
    expect(added).toMatchObject({ path: 'gw2/stable/rootfs/1.0.0/rootfs.img', counter: 1, added: true });
    expect(await repo.sign(added.role, keys.ci.signer)).toMatchObject({ complete: false, missing: 1 });
    expect(await repo.sign(added.role, keys.a.signer)).toMatchObject({ complete: true, version: 2 });
    await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });

    const seen = await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
    expect(seen.targets).toEqual([
      expect.objectContaining({ path: added.path, role: 'p-gw2-stable', sha256: added.sha256, lengthBytes: 5 }),
    ]);
    expect(seen.roles.map(r => `${r.role} ${r.version}`)).toContain('p-gw2-stable 2');
    expect(await readFile(join(dir, 'artifacts', added.sha256), 'utf8')).toBe('first');
  });

  test('the same release added twice changes nothing, a changed image is refused', async () => {
    const { repo, image, dir } = made;
    const file = await image('rootfs.img', 'first');
    expect(await repo.addRelease(release(file))).toMatchObject({ added: false, counter: 1 });
    expect(await readdir(join(dir, 'staged'))).toEqual([]);
    await image('rootfs.img', 'other');
    await expect(repo.addRelease(release(file))).rejects.toEqual(refused('version-reused'));
  });

  test('the timestamp says when it was signed, and runs out in three days', async () => {
    const { signed } = await jsonOf(join(made.dir, 'metadata', 'timestamp.json'));
    expect(signed).toMatchObject({ 'x-issued': '2026-03-01T12:00:00Z', expires: '2026-03-04T12:00:00Z' });
  });

  test('holds stand before channels, and channels end the search', async () => {
    const { signed } = await jsonOf(join(made.dir, 'metadata', '1.targets.json'));
    const { roles } = (signed as { delegations: { roles: { name: string; terminating: boolean; paths: string[] }[] } })
      .delegations;
    expect(roles.map(r => [r.name, r.terminating])).toEqual([
      ['h-gw2', false],
      ['p-gw2-stable', true],
      ['p-gw2-beta', true],
    ]);
    expect(roles[1]?.paths).toEqual(channelPaths('gw2', 'stable'));
  });

  test('a hold by one operator is listed', async () => {
    const { repo, keys, dir } = made;
    const held = await repo.addHold({
      product: 'gw2',
      component: 'rootfs',
      version: '1.0.0',
      reason: { en: 'It burns.' },
    });
    await repo.sign(held.role, keys.b.signer);
    await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
    const seen = await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
    expect(seen.targets.map(t => t.path)).toContain('hold/gw2/rootfs/1.0.0/hold.json');
  });
});

describe('a device would refuse, so we say it first', () => {
  test('nothing is visible below the threshold, and a role that nobody signed stops the refresh', async () => {
    const { repo, keys } = await emptyRepository();
    await repo.sign('root', keys.a.signer);
    await expect(repo.refreshOnline({ timestamp: keys.time.signer })).rejects.toEqual(refused('role-unsigned'));
  });

  test('a key that is not the role’s cannot sign, and leaves the draft as it was', async () => {
    const { repo, keys, dir } = await emptyRepository();
    const before = await readFile(join(dir, 'staged', 'root.json'));
    await expect(repo.sign('root', keys.ci.signer)).rejects.toEqual(refused('key-not-in-role'));
    expect(await readFile(join(dir, 'staged', 'root.json'))).toEqual(before);
  });

  test('the same key signing twice counts once', async () => {
    const { repo, keys } = await emptyRepository();
    await repo.sign('root', keys.a.signer);
    expect(await repo.sign('root', keys.a.signer)).toMatchObject({ complete: false, missing: 1 });
  });

  test('a signature that does not verify is never kept', async () => {
    const { repo, keys, dir } = await emptyRepository();
    const faulty = new Signer(keys.a.key, { sign: async () => new Uint8Array(64) });
    await expect(repo.sign('root', faulty)).rejects.toEqual(refused('signature-invalid'));
    expect((await jsonOf(join(dir, 'staged', 'root.json'))).signatures).toEqual([]);
  });

  test('a draft changed by hand after a signature loses that signature', async () => {
    const { repo, keys, dir } = await emptyRepository();
    await repo.sign('root', keys.a.signer);
    const path = join(dir, 'staged', 'root.json');
    const draft = await jsonOf(path);
    await writeFile(
      path,
      JSON.stringify({ ...draft, signed: { ...(draft.signed as object), expires: '2027-01-01T00:00:00Z' } }),
    );
    expect(await repo.sign('root', keys.b.signer)).toMatchObject({ complete: false, signedBy: [keys.b.keyid] });
  });

  test('a hand-written target outside the role’s paths is not signed', async () => {
    const { repo, keys, dir, image } = await signedRepository();
    await repo.addRelease(release(await image('x.img', 'x'), { channel: 'beta' }));
    const path = join(dir, 'staged', 'p-gw2-beta.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('gw2/beta/', 'gw3/beta/'));
    await expect(repo.sign('p-gw2-beta', keys.ci.signer)).rejects.toEqual(refused('metadata-invalid'));
  });

  test('a list that has run out stops its own devices and no others, and renewing it mends that', async () => {
    const { repo, keys, later, dir } = await signedRepository();
    later(31);
    const online = { snapshot: keys.snap.signer, timestamp: keys.time.signer };
    expect(await repo.refreshOnline(online)).toMatchObject({ stopped: [{ role: 'h-gw2', code: 'expired' }] });
    await expect(
      verifyRepository({ source: dir, root: await rootOf(dir), now: () => new Date('2026-04-01T12:00:00Z') }),
    ).rejects.toEqual(refused('expired'));
    await repo.renew('h-gw2');
    await repo.sign('h-gw2', keys.a.signer);
    expect(await repo.refreshOnline(online)).toMatchObject({ snapshotSigned: true, stopped: [] });
  });

  test('a flipped byte in any signed list fails the verification', async () => {
    const { dir } = await signedRepository();
    const root = await rootOf(dir);
    for (const file of ['timestamp.json', '1.snapshot.json', '1.p-gw2-stable.json']) {
      const path = join(dir, 'metadata', file);
      const good = await readFile(path, 'utf8');
      await writeFile(path, good.replace(/"expires":"2026/, '"expires":"2036'));
      await expect(verifyRepository({ source: dir, root, now: () => START })).rejects.toEqual(
        refused('verification-failed'),
      );
      await writeFile(path, good);
    }
    await verifyRepository({ source: dir, root, now: () => START });
  });
});

describe('rotation and standing still', () => {
  test('the timestamp alone is signed anew while the lists stay', async () => {
    const { repo, keys, later } = await signedRepository();
    later(1);
    expect(await repo.refreshOnline({ timestamp: keys.time.signer })).toMatchObject({
      snapshotSigned: false,
      snapshotVersion: 1,
      timestampVersion: 2,
    });
  });

  test('a new root carries signatures of the old keys and the new', async () => {
    const { repo, keys, dir } = await signedRepository();
    await repo.renew('root');
    await repo.sign('root', keys.b.signer);
    expect(await repo.sign('root', keys.c.signer)).toMatchObject({ version: 2, complete: true });
    await repo.refreshOnline({ timestamp: keys.time.signer });
    const seen = await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
    expect(seen.roles[0]).toMatchObject({ role: 'root', version: 2 });
  });

  test('a channel given to other keys is listed again only when they have signed it', async () => {
    const { repo, keys, dir } = await signedRepository();
    const fresh = await testKey(join(dir, '..'), 'ci2', 'ci');
    const request = { product: 'gw2', channel: 'beta', keys: [fresh] };
    await expect(repo.addDelegation(request)).rejects.toEqual(refused('delegation-exists'));
    await repo.addDelegation({ ...request, replace: true });
    for (const key of [keys.a, keys.b]) await repo.sign('targets', key.signer);
    const online = { snapshot: keys.snap.signer, timestamp: keys.time.signer };
    const heldBack = { version: 2, waitsFor: ['p-gw2-beta'] };
    expect(await repo.refreshOnline(online)).toMatchObject({ snapshotSigned: false, stopped: [], heldBack });
    await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
    await expect(repo.sign('p-gw2-beta', keys.ci.signer)).rejects.toEqual(refused('key-not-in-role'));
    await repo.sign('p-gw2-beta', fresh.signer);
    expect(await repo.refreshOnline(online)).toMatchObject({ snapshotSigned: true, heldBack: undefined });
    await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
  });

  test('the same delegation twice is no change', async () => {
    const { repo, keys, dir } = await signedRepository();
    const again = await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [keys.a, keys.ci] });
    expect(again.changed).toBe(false);
    expect(await readdir(join(dir, 'staged'))).toEqual([]);
  });

  test('changes asked for at once are made one after the other', async () => {
    const { repo, dir, image } = await signedRepository();
    const other = await Repository.open(dir, { now: () => START });
    const files = await Promise.all(['1.img', '2.img', '3.img', '4.img'].map(name => image(name, name)));
    const added = await Promise.all(
      files.map((file, i) => (i % 2 ? repo : other).addRelease(release(file, { version: `1.${i}` }))),
    );
    expect(added.map(a => a.counter).toSorted((x, y) => x - y)).toEqual([1, 2, 3, 4]);
    expect(await repo.status()).toContainEqual(expect.objectContaining({ role: 'p-gw2-stable', version: 1 }));
  });

  test('creating a repository where one is changes nothing', async () => {
    const { dir, keys } = await signedRepository();
    await expect(
      createRepository(dir, {
        rootKeys: [keys.a, keys.b, keys.c],
        snapshotKey: keys.snap,
        timestampKey: keys.time,
      }),
    ).rejects.toEqual(refused('repository-exists'));
    await verifyRepository({ source: dir, root: await rootOf(dir), now: () => START });
  });
});
