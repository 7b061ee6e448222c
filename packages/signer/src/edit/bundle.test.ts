import { hash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { Bundle } from '@tidegate/protocol';
import { draft, storeAt, writeDraft } from '../store/store.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import { parseTargets } from '../tuf/parse.ts';
import { readBundleFile } from '../yaml/bundle-file.ts';
import type { BundleRequest } from './bundle.ts';

const ROLE = 'p-gw2-beta';
const PATH = 'gw2/beta/bundle/2026.3/bundle.json';
const BUNDLE: BundleRequest = {
  product: 'gw2',
  channel: 'beta',
  version: '2026.3',
  parts: [
    { component: 'mcu', version: '7' },
    { component: 'rootfs', version: '1.0.0' },
  ],
};
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
  const { repo, image } = made;
  const add = async (name: string, said: Parameters<typeof release>[1]) =>
    repo.addRelease(release(await image(name, name), { channel: 'beta', ...said }));
  await add('mcu.bin', { component: 'mcu', version: '7', hardware: ['gw2-b', 'gw2-c'] });
  await add('b.img', { requires: [{ component: 'mcu', minCounter: 1 }] });
  await add('c.img', { hardware: ['gw2-c'] });
  await add('d.img', { hardware: ['gw2-d'] });
});

async function fileOf(sha256: string): Promise<Bundle> {
  return JSON.parse(await readFile(join(made.dir, 'artifacts', sha256), 'utf8')) as Bundle;
}

test('a bundle lists every image of its parts, in their order, for the hardware that has them all', async () => {
  const { repo, keys } = made;
  const added = await repo.addBundle(BUNDLE);
  expect(added).toMatchObject({ path: PATH, added: true, class: 'maintenance', hardware: ['gw2-b', 'gw2-c'] });
  const bundle = await fileOf(added.sha256);
  expect(bundle.parts.map(p => [p.order, p.path])).toEqual([
    [1, 'gw2/beta/mcu/7/mcu.bin'],
    [2, 'gw2/beta/rootfs/1.0.0/b.img'],
    [2, 'gw2/beta/rootfs/1.0.0/c.img'],
    [2, 'gw2/beta/rootfs/1.0.0/d.img'],
  ]);
  expect(bundle.parts[1]).toMatchObject({ sha256: hash('sha256', 'b.img', 'hex'), counter: 1, lengthBytes: 5 });
  expect(await repo.addBundle(BUNDLE)).toMatchObject({ added: false });
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
});

test('parts that are not listed, come twice, in the wrong order or for no common hardware are refused', async () => {
  const { repo, image } = made;
  const [mcu, rootfs] = BUNDLE.parts;
  if (!mcu || !rootfs) throw new Error('no parts');
  const before = await readdir(join(made.dir, 'artifacts'));
  const tried: [BundleRequest['parts'], string][] = [
    [[mcu, { component: 'app', version: '1' }], 'target-unknown'],
    [[mcu, mcu], 'bundle-invalid'],
    [[mcu], 'bundle-invalid'],
    [[rootfs, mcu], 'bundle-invalid'],
  ];
  for (const [parts, code] of tried) await expect(repo.addBundle({ ...BUNDLE, parts })).rejects.toEqual(refused(code));
  expect(await readdir(join(made.dir, 'artifacts'))).toEqual(before);

  const apart = release(await image('e', 'e'), {
    channel: 'beta',
    component: 'app',
    version: '1',
    hardware: ['gw2-e'],
  });
  await repo.addRelease(apart);
  const parts = [mcu, { component: 'app', version: '1' }];
  await expect(repo.addBundle({ ...BUNDLE, parts })).rejects.toEqual(refused('bundle-invalid'));
});

test('a bundle that brings fixes and features says why, even where its parts are each of one class', async () => {
  const { repo, image } = made;
  const fixes = [{ id: 'CVE-1', risk: { en: 'Strangers could listen.' } }];
  const add = async (component: string, said: Parameters<typeof release>[1]) =>
    repo.addRelease(release(await image(component, component), { channel: 'beta', component, version: '1', ...said }));
  await add('radio', { class: 'security', fixes });
  await add('app', { class: 'feature' });
  const parts = ['radio', 'app'].map(component => ({ component, version: '1' }));
  await expect(repo.addBundle({ ...BUNDLE, parts })).rejects.toEqual(refused('class-mixed'));
  const mixedReason = { en: 'The app speaks the mended radio only.' };
  expect(await repo.addBundle({ ...BUNDLE, parts, mixedReason })).toMatchObject({ class: 'security' });
  const plain = { ...BUNDLE, version: '2026.4', mixedReason };
  await expect(repo.addBundle(plain)).rejects.toEqual(refused('class-mixed'));
});

test('a part is withdrawn only after its bundle', async () => {
  const { repo, keys } = made;
  await repo.addBundle(BUNDLE);
  await repo.sign(ROLE, keys.ci.signer);
  const said = { product: 'gw2', channel: 'beta', reason: { en: 'Bad.' } };
  const part = { ...said, component: 'rootfs', version: '1.0.0' };
  await expect(repo.withdraw(part)).rejects.toEqual(refused('target-needed'));
  expect(await repo.withdraw({ ...said, component: 'bundle', version: '2026.3' })).toMatchObject({ paths: [PATH] });
  expect((await repo.withdraw(part)).paths).toHaveLength(3);
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
});

test.each<[string, (bundle: Bundle) => Bundle]>([
  ['another counter', bundle => ({ ...bundle, parts: bundle.parts.map(p => ({ ...p, counter: 99 })) })],
  ['an image that is not listed', b => ({ ...b, parts: b.parts.map(p => ({ ...p, sha256: 'a'.repeat(64) })) })],
  ['one image fewer', bundle => ({ ...bundle, parts: bundle.parts.slice(0, -1) })],
  ['more hardware', bundle => ({ ...bundle, hardware: [...bundle.hardware, 'gw2-d'] })],
  ['another product', bundle => ({ ...bundle, product: 'gw3' })],
])('a draft whose bundle names %s is not signed', async (_, change) => {
  const { repo, keys } = made;
  const { sha256 } = await repo.addBundle(BUNDLE);
  const bytes = `${JSON.stringify(change(await fileOf(sha256)))}\n`;
  const forged = hash('sha256', bytes, 'hex');
  await writeFile(join(made.dir, 'artifacts', forged), bytes);
  const store = storeAt(made.dir);
  const signed = (await draft(store, ROLE, parseTargets))?.signed;
  const target = signed?.targets[PATH];
  if (!signed || !target) throw new Error('no draft');
  const targets = { ...signed.targets, [PATH]: { ...target, length: bytes.length, hashes: { sha256: forged } } };
  await writeDraft(store, ROLE, { signatures: [], signed: { ...signed, targets } });
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('bundle-invalid'));
});

test('a bundle file is read, and a component that comes again is told at its place', async () => {
  const path = join(made.dir, '..', 'bundle.yaml');
  const text = [
    'format: tidegate-bundle-1',
    'product: gw2',
    'channel: beta',
    'version: "2026.3"',
    'parts:',
    '  - {component: mcu, version: "7"}',
    '  - {component: rootfs, version: 1.0.0}',
    '',
  ].join('\n');
  await writeFile(path, text);
  expect(await readBundleFile(path)).toEqual(BUNDLE);
  await writeFile(path, text.replace('component: rootfs', 'component: mcu'));
  await expect(readBundleFile(path)).rejects.toMatchObject({
    faults: [{ line: 7, column: 17, path: '/parts/1/component', message: 'names mcu again' }],
  });
});
