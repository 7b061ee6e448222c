import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { WITHDRAWN_FIELD } from '@tidegate/protocol';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { draft, storeAt, writeDraft } from '../store/store.ts';
import { parseTargets } from '../tuf/parse.ts';

const ROLE = 'p-gw2-beta';
const PATH = 'gw2/beta/rootfs/1.0.0/a.img';
const WITHDRAWAL = {
  product: 'gw2',
  channel: 'beta',
  component: 'rootfs',
  version: '1.0.0',
  reason: { en: 'Wi-Fi is lost after a day.' },
};
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
  await made.repo.addRelease(release(await made.image('a.img', 'a'), { channel: 'beta' }));
  await made.repo.sign(ROLE, made.keys.ci.signer);
});

async function listed(version: number): Promise<TargetsSigned> {
  const text = await readFile(join(made.dir, 'metadata', `${version}.${ROLE}.json`), 'utf8');
  return (JSON.parse(text) as { signed: TargetsSigned }).signed;
}

async function forge(change: (list: TargetsSigned) => TargetsSigned): Promise<void> {
  const store = storeAt(made.dir);
  const envelope = await draft(store, ROLE, parseTargets);
  expect(envelope).toBeDefined();
  if (envelope) await writeDraft(store, ROLE, { signatures: [], signed: change(envelope.signed) });
}

test('a withdrawn release leaves the list by a signed act, with its reason, and asking again changes nothing', async () => {
  const { repo, keys } = made;
  expect(await repo.withdraw(WITHDRAWAL)).toEqual({ role: ROLE, paths: [PATH] });
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true, version: 3 });
  expect((await listed(3)).targets).toEqual({});
  expect((await listed(3))[WITHDRAWN_FIELD]).toMatchObject({
    [PATH]: { counter: 1, hardware: ['gw2-b'], reason: WITHDRAWAL.reason },
  });
  expect(await repo.withdraw(WITHDRAWAL)).toEqual({ role: ROLE, paths: [] });
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('nothing-to-sign'));
});

test('what was withdrawn keeps its counter, its version and its path: devices may run it', async () => {
  const { repo, keys, image } = made;
  await repo.withdraw(WITHDRAWAL);
  await repo.sign(ROLE, keys.ci.signer);
  const next = await repo.addRelease(release(await image('b.img', 'b'), { channel: 'beta', version: '1.0.1' }));
  expect(next.counter).toBe(2);
  const tampered = await image('a.img', 'tampered');
  await expect(repo.addRelease(release(tampered, { channel: 'beta' }))).rejects.toEqual(refused('version-reused'));
  const otherHardware = release(tampered, { channel: 'beta', hardware: ['gw2-c'] });
  await expect(repo.addRelease(otherHardware)).rejects.toEqual(refused('target-exists'));
});

test('the very same release can come back, and is then no longer on record as withdrawn', async () => {
  const { repo, keys, image } = made;
  await repo.withdraw(WITHDRAWAL);
  await repo.sign(ROLE, keys.ci.signer);
  const back = await repo.addRelease(release(await image('a.img', 'a'), { channel: 'beta' }));
  expect(back).toMatchObject({ added: true, counter: 1 });
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
  expect(await listed(4)).not.toHaveProperty(WITHDRAWN_FIELD);
});

test('what was only drafted goes without a trace', async () => {
  const { repo, keys, image } = made;
  await repo.addRelease(release(await image('b.img', 'b'), { channel: 'beta', version: '1.0.1' }));
  await repo.withdraw({ ...WITHDRAWAL, version: '1.0.1' });
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
  expect(await listed(3)).not.toHaveProperty(WITHDRAWN_FIELD);
});

test('one image of a version can be withdrawn alone', async () => {
  const { repo, keys, image } = made;
  await repo.addRelease(release(await image('c.img', 'c'), { channel: 'beta', hardware: ['gw2-c'] }));
  await repo.sign(ROLE, keys.ci.signer);
  expect(await repo.withdraw({ ...WITHDRAWAL, file: 'a.img' })).toMatchObject({ paths: [PATH] });
  await repo.sign(ROLE, keys.ci.signer);
  expect(Object.keys((await listed(4)).targets)).toEqual(['gw2/beta/rootfs/1.0.0/c.img']);
});

test('nothing is withdrawn without a reason, nor what is not there, and the draft stays as it was', async () => {
  const { repo, keys } = made;
  await expect(repo.withdraw({ ...WITHDRAWAL, reason: { en: ' ' } })).rejects.toEqual(refused('reason-missing'));
  await expect(repo.withdraw({ ...WITHDRAWAL, version: '9' })).rejects.toEqual(refused('target-unknown'));
  await expect(repo.withdraw({ ...WITHDRAWAL, channel: 'nightly' })).rejects.toEqual(refused('role-unknown'));
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('nothing-to-sign'));
});

test.each<[string, (list: TargetsSigned) => TargetsSigned]>([
  ['drops a release without a word', list => ({ ...list, targets: {} })],
  [
    'gives a withdrawn release a lower counter',
    ({ ...list }) => {
      const record = {
        sha256: list.targets[PATH]?.hashes.sha256 ?? '',
        hardware: ['gw2-b'],
        at: '2026-03-01T12:00:00Z',
      };
      return { ...list, targets: {}, [WITHDRAWN_FIELD]: { [PATH]: { ...record, counter: 9, reason: { en: 'x' } } } };
    },
  ],
  [
    'invents a withdrawal',
    list => ({
      ...list,
      [WITHDRAWN_FIELD]: {
        'gw2/beta/rootfs/9/x': { sha256: 'a'.repeat(64), at: '2026-03-01T12:00:00Z', reason: { en: 'x' } },
      },
    }),
  ],
])('a draft that %s is not signed', async (_, change) => {
  const { repo, keys } = made;
  await repo.renew(ROLE);
  await forge(change);
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('metadata-invalid'));
});

test('a draft that drops the record of a withdrawal is not signed', async () => {
  const { repo, keys } = made;
  await repo.withdraw(WITHDRAWAL);
  await repo.sign(ROLE, keys.ci.signer);
  await repo.renew(ROLE);
  await forge(list => ({ ...list, [WITHDRAWN_FIELD]: {} }));
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('metadata-invalid'));
});
