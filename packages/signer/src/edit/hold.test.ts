import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WITHDRAWN_FIELD } from '@tidegate/protocol';
import { beforeEach, expect, test } from 'vitest';
import { Signer } from '../keys/signer.ts';
import { draft, storeAt, writeDraft } from '../store/store.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';

const ROLE = 'h-gw2';
const PATH = 'hold/gw2/rootfs/1.0.0/hold.json';
const HELD = { product: 'gw2', component: 'rootfs', version: '1.0.0', reason: { en: 'It burns.', de: 'Es brennt.' } };
const FREED = { ...HELD, reason: { en: 'It was the oven.' } };
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

async function listed(version: number): Promise<TargetsSigned> {
  const text = await readFile(join(made.dir, 'metadata', `${version}.${ROLE}.json`), 'utf8');
  return (JSON.parse(text) as { signed: TargetsSigned }).signed;
}

test('a hold with a key is one act: listed with its reason in every language, and signed', async () => {
  const { repo, keys } = made;
  expect(await repo.addHold(HELD, keys.b.signer)).toMatchObject({
    role: ROLE,
    path: PATH,
    changed: true,
    listed: false,
    signed: { complete: true, version: 2 },
  });
  expect((await listed(2)).targets[PATH]?.custom).toMatchObject({ reason: HELD.reason });
  expect(await repo.holds('gw2')).toEqual([{ ...HELD, state: 'held' }]);
  const again = await repo.addHold({ ...HELD, reason: { en: 'Otherwise.' } }, keys.b.signer);
  expect(again).toMatchObject({ changed: false });
  expect(again).not.toHaveProperty('signed');
});

test('a key that is not on duty holds nothing, and leaves no draft', async () => {
  const { repo, keys } = made;
  await expect(repo.addHold(HELD, keys.c.signer)).rejects.toEqual(refused('key-not-in-role'));
  expect(await draft(storeAt(made.dir), ROLE, parseTargets)).toBeUndefined();
  expect(await repo.holds()).toEqual([]);
});

test('a hold that cannot be signed at once is not drafted either', async () => {
  const { repo, keys, dir } = made;
  const before = await readdir(join(dir, 'artifacts'));
  const broken = new Signer(keys.b.signer.publicKey(), { sign: () => Promise.reject(new Error('the token is gone')) });
  await expect(repo.addHold(HELD, broken)).rejects.toThrow('the token is gone');
  expect(await repo.holds()).toEqual([]);
  expect(await readdir(join(dir, 'artifacts'))).toEqual(before);
});

test('a key signs its own hold at once, never along with what somebody else has drafted', async () => {
  const { repo, keys } = made;
  await repo.addHold({ ...HELD, version: '2.0.0' });
  await expect(repo.addHold(HELD, keys.b.signer)).rejects.toEqual(refused('draft-exists'));
  expect(await repo.holds()).toMatchObject([{ version: '2.0.0', state: 'drafted' }]);
  await repo.sign(ROLE, keys.b.signer);
  expect(await repo.addHold(HELD, keys.b.signer)).toMatchObject({ signed: { complete: true } });
});

test('what was drafted without a key is signed by the same command with one', async () => {
  const { repo, keys } = made;
  await repo.addHold(HELD);
  expect(await repo.addHold(HELD, keys.a.signer)).toMatchObject({ changed: false, signed: { complete: true } });
});

test('a hold is lifted by a signed act with its reason, and the version can be held again', async () => {
  const { repo, keys } = made;
  await repo.addHold(HELD, keys.b.signer);
  await repo.liftHold(FREED);
  expect(await repo.holds()).toEqual([{ ...HELD, state: 'lifting' }]);
  expect(await repo.sign(ROLE, keys.a.signer)).toMatchObject({ complete: true });
  const list = await listed(3);
  expect(list.targets).toEqual({});
  expect(list[WITHDRAWN_FIELD]).toMatchObject({ [PATH]: { reason: FREED.reason } });
  expect(await repo.holds()).toEqual([]);
  expect(await repo.liftHold(FREED, keys.a.signer)).toMatchObject({ changed: false });

  const before = (await listed(2)).targets[PATH]?.hashes.sha256;
  const other = { ...HELD, reason: { en: 'It burns after all.' } };
  expect(await repo.addHold(other, keys.b.signer)).toMatchObject({ changed: true, signed: { complete: true } });
  const back = await listed(4);
  // Servers and caches keep a path's bytes for ever.
  expect(back.targets[PATH]?.hashes.sha256).toBe(before);
  expect(back).not.toHaveProperty(WITHDRAWN_FIELD);
});

test('nothing is lifted that is not held, nor without a reason', async () => {
  const { repo } = made;
  await expect(repo.liftHold(FREED)).rejects.toEqual(refused('target-unknown'));
  await expect(repo.liftHold({ ...FREED, reason: { en: ' ' } })).rejects.toEqual(refused('reason-missing'));
  await expect(repo.addHold({ ...HELD, reason: {} })).rejects.toEqual(refused('reason-missing'));
  await expect(repo.addHold({ ...HELD, product: 'gw3' })).rejects.toEqual(refused('role-unknown'));
  await expect(repo.holds('gw3')).rejects.toEqual(refused('role-unknown'));
});

test('a draft that drops a hold without a word is not signed', async () => {
  const { repo, keys } = made;
  await repo.addHold(HELD, keys.b.signer);
  await repo.renew(ROLE);
  const store = storeAt(made.dir);
  const envelope = await draft(store, ROLE, parseTargets);
  if (!envelope) throw new Error('no draft');
  await writeDraft(store, ROLE, { signatures: [], signed: { ...envelope.signed, targets: {} } });
  await expect(repo.sign(ROLE, keys.a.signer)).rejects.toEqual(refused('metadata-invalid'));
});

test('whether any list names the version is told: a slip would hold nothing', async () => {
  const { repo, image } = made;
  await repo.addRelease(release(await image('a.img', 'a')));
  expect(await repo.addHold(HELD)).toMatchObject({ listed: true });
  expect(await repo.addHold({ ...HELD, version: '1.0.O' })).toMatchObject({ listed: false });
});
