import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { draft, storeAt, writeDraft } from '../store/store.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { readProductFile } from '../yaml/product-file.ts';
import type { ProductRequest } from './product.ts';

const STABLE = 'p-gw2-stable';
const DESCRIBED: ProductRequest = {
  product: 'gw2',
  channel: 'stable',
  names: { en: 'Gateway 2' },
  supportEnds: '2031-12-31',
  vulnerabilityContact: 'https://example.com/security',
  sensors: [{ name: { en: 'Microphone' }, purpose: { en: 'Hears the wake word.' } }],
};
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

async function promise(said: Partial<ProductRequest> = {}) {
  const result = await made.repo.describeProduct({ ...DESCRIBED, ...said });
  for (const key of [made.keys.ci, made.keys.a]) await made.repo.sign(STABLE, key.signer);
  return result;
}

test('a descriptor is a signed target, its history stays, and saying the same again changes nothing', async () => {
  const first = await promise();
  expect(first).toMatchObject({ path: 'gw2/stable/product/1/product.json', added: true, twoPeople: false });
  expect(await made.repo.describeProduct(DESCRIBED)).toMatchObject({ revision: 1, added: false });
  const longer = await promise({ supportEnds: '2033-06-30' });
  expect(longer).toMatchObject({ path: 'gw2/stable/product/2/product.json', twoPeople: false });
  const list = JSON.parse(await readFile(join(made.dir, 'metadata', `3.${STABLE}.json`), 'utf8')) as {
    signed: TargetsSigned;
  };
  const { targets } = list.signed;
  expect(Object.keys(targets)).toEqual([first.path, longer.path]);
  const hash = targets[longer.path]?.hashes.sha256 ?? '';
  expect(JSON.parse(await readFile(join(made.dir, 'artifacts', hash), 'utf8'))).toEqual({
    ...DESCRIBED,
    format: 'tidegate-product-1',
    revision: '2',
    supportEnds: '2033-06-30',
  });
});

test('support gets no shorter without two people, whatever the threshold of the role', async () => {
  const { repo, keys } = made;
  await promise();
  // Only one person holds a key of this role.
  expect(await repo.describeProduct({ ...DESCRIBED, supportEnds: '2030-01-01' })).toMatchObject({ twoPeople: true });
  await expect(repo.sign(STABLE, keys.a.signer)).rejects.toEqual(refused('support-shortened'));

  await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [keys.ci, keys.a, keys.b], replace: true });
  for (const key of [keys.a, keys.b]) await repo.sign('targets', key.signer);
  await repo.describeProduct({ ...DESCRIBED, supportEnds: '2030-01-01' });
  await repo.sign(STABLE, keys.ci.signer);
  expect(await repo.sign(STABLE, keys.a.signer)).toMatchObject({ complete: false, missing: 1 });
  const waits = (await repo.status()).find(r => r.role === STABLE);
  expect(waits?.draft?.quorums).toContainEqual(
    expect.objectContaining({ of: 'people, since support gets shorter', missing: 1 }),
  );
  expect(await repo.assemble([STABLE])).toMatchObject([{ complete: false, missing: 1 }]);
  expect(await repo.sign(STABLE, keys.b.signer)).toMatchObject({ complete: true });
});

test.each<[string, (list: TargetsSigned) => TargetsSigned, string]>([
  ['takes a descriptor away', list => ({ ...list, targets: {} }), 'metadata-invalid'],
  [
    'promises less in the list than in the file',
    list => ({
      ...list,
      targets: Object.fromEntries(
        Object.entries(list.targets).map(([path, target]) => [
          path,
          { ...target, custom: { ...target.custom, supportEnds: '2040-01-01' } },
        ]),
      ),
    }),
    'document-invalid',
  ],
])('a draft that %s is not signed', async (_, change, code) => {
  const { repo, keys } = made;
  await promise();
  await repo.renew(STABLE);
  const store = storeAt(made.dir);
  const envelope = await draft(store, STABLE, parseTargets);
  if (!envelope) throw new Error('no draft');
  await writeDraft(store, STABLE, { signatures: [], signed: change(envelope.signed) });
  await expect(repo.sign(STABLE, keys.a.signer)).rejects.toEqual(refused(code));
});

test('a descriptor cannot be withdrawn, and no component can take its name', async () => {
  const { repo, image } = made;
  const gone = { product: 'gw2', channel: 'stable', component: 'product', version: '1', reason: { en: 'x' } };
  await expect(repo.withdraw(gone)).rejects.toEqual(refused('usage'));
  const file = await image('product.json', 'x');
  for (const component of ['product', 'bundle']) {
    await expect(repo.addRelease(release(file, { component }))).rejects.toEqual(refused('name-reserved'));
  }
});

test('a product file is read with its texts, and a day that does not exist is told at its place', async () => {
  const path = join(made.dir, '..', 'product.yaml');
  const text = [
    'format: tidegate-product-1',
    'product: gw2',
    'channel: stable',
    'names: {en: Gateway 2, de: Zentrale 2}',
    'supportEnds: 2031-12-31',
    'vulnerabilityContact: mailto:security@example.com',
    'sensors: [{name: Microphone, purpose: Hears the wake word.}]',
    '',
  ].join('\n');
  await writeFile(path, text);
  expect(await readProductFile(path)).toEqual({
    ...DESCRIBED,
    names: { en: 'Gateway 2', de: 'Zentrale 2' },
    vulnerabilityContact: 'mailto:security@example.com',
  });
  await writeFile(path, text.replace('2031-12-31', '2031-02-30').replace('product: gw2', 'product: gw2 # the product'));
  await expect(readProductFile(path)).rejects.toMatchObject({
    faults: [{ line: 5, column: 14, path: '/supportEnds', message: 'is no day of the calendar' }],
  });
});

test('a product is retired after its support has ended: its lists are valid for years and take nothing by accident', async () => {
  const { repo, keys, later, image } = made;
  await promise();
  await expect(repo.retire({ product: 'gw2' })).rejects.toEqual(refused('support-shortened'));
  await expect(repo.retire({ product: 'gw3' })).rejects.toEqual(refused('role-unknown'));
  later(6 * 366);
  const drafts = await repo.retire({ product: 'gw2', days: 3000 });
  expect(drafts.map(d => d.role)).toEqual([STABLE, 'p-gw2-beta', 'h-gw2']);
  const expires = drafts[0]?.expires ?? '';
  for (const key of [keys.ci, keys.a]) await repo.sign(STABLE, key.signer);
  expect((await repo.status()).find(r => r.role === STABLE)).toMatchObject({ version: 3, expires });

  const file = await image('x.img', 'x');
  await expect(repo.addRelease(release(file))).rejects.toEqual(refused('role-retired'));
  await repo.renew(STABLE);
  expect(await repo.addRelease(release(file))).toMatchObject({ added: true });
});

test('the last product takes root and the list of delegations along', async () => {
  const drafts = await made.repo.retire({ product: 'gw2', all: true });
  expect(drafts.map(d => d.role)).toEqual([STABLE, 'p-gw2-beta', 'h-gw2', 'targets', 'root']);
  expect(new Set(drafts.map(d => d.expires)).size).toBe(1);
});
