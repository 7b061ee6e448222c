/** Lists that were made and signed elsewhere, as a signing service takes them: judged by this repository's policy. */
import { hash } from 'node:crypto';
import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { CYCLONEDX, statement } from '../documents/test-documents.ts';
import { Repository } from '../repository.ts';
import { current, draft, storeAt } from '../store/store.ts';
import { release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import { parseTargets } from '../tuf/parse.ts';
import type { Brought } from './adopt.ts';
import type { ProductRequest } from './product.ts';
import type { ReleaseRequest } from './release.ts';

const BETA = 'p-gw2-beta';
const STABLE = 'p-gw2-stable';
const PROVENANCE = statement({ sha256: hash('sha256', 'image', 'hex') });
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
let elsewhere: Repository;
beforeEach(async () => {
  made = await signedRepository();
});

/** The same lists on another machine, as they are now. */
async function copyElsewhere(): Promise<void> {
  const dir = join(made.dir, '..', 'elsewhere');
  await cp(made.dir, dir, { recursive: true });
  elsewhere = await Repository.open(dir, { now: () => START });
}

/** What lies elsewhere of a role, and the artifacts as an upload brings them. */
async function brought(role: string): Promise<Brought> {
  const store = storeAt(elsewhere.dir);
  const complete = await current(store, role, parseTargets);
  const envelope = (await draft(store, role, parseTargets)) ?? (complete && parseTargets(complete.bytes, role));
  if (!envelope) throw new Error('no list');
  await cp(store.artifacts, storeAt(made.dir).artifacts, { recursive: true });
  const baseVersion = (await made.repo.standing(role, 1)).version;
  return { role, envelope, baseVersion };
}

test.each<
  [string, string, (document: (name: string, text: string) => Promise<string>) => Promise<Partial<ReleaseRequest>>]
>([
  ['names no SBOM', 'evidence-missing', async of => ({ provenance: await of('p.json', PROVENANCE) })],
  ['names no provenance', 'evidence-missing', async of => ({ sbom: await of('s.json', CYCLONEDX) })],
  [
    'names provenance from another source',
    'provenance-refused',
    async of => ({
      sbom: await of('s.json', CYCLONEDX),
      provenance: await of(
        'p.json',
        statement({ sha256: hash('sha256', 'image', 'hex'), source: 'https://github.com/evil/firmware' }),
      ),
    }),
  ],
])(
  'a list whose release %s is refused where the product demands it, though its maker has no such policy',
  async (_, code, said) => {
    const { repo, keys, image, dir } = made;
    await copyElsewhere();
    const policy =
      'products: {gw2: {sbom: required, provenance: {required: true, sources: [https://github.com/acme/firmware]}}}';
    await appendFile(join(dir, 'tidegate-signer.yaml'), `${policy}\n`);
    await elsewhere.addRelease(release(await image('a.img', 'image'), { channel: 'beta', ...(await said(image)) }));
    await elsewhere.sign(BETA, keys.ci.signer);
    await expect(repo.adopt(await brought(BETA))).rejects.toEqual(refused(code));
    expect(await repo.standing(BETA, 2)).toMatchObject({ version: 1, completed: undefined, draft: undefined });
  },
);

test('a list with the evidence that the product demands is adopted', async () => {
  const { repo, keys, image, dir } = made;
  await copyElsewhere();
  await appendFile(join(dir, 'tidegate-signer.yaml'), 'products: {gw2: {sbom: required}}\n');
  const sbom = await image('s.json', CYCLONEDX);
  await elsewhere.addRelease(release(await image('a.img', 'image'), { channel: 'beta', sbom }));
  await elsewhere.sign(BETA, keys.ci.signer);
  await repo.adopt(await brought(BETA));
  expect(await repo.assemble([BETA])).toMatchObject([{ complete: true, version: 2 }]);
});

test('a list that shortens support waits for a second person, however the threshold of its role was met', async () => {
  const { repo, keys } = made;
  const described: ProductRequest = {
    product: 'gw2',
    channel: 'stable',
    names: { en: 'Gateway 2' },
    supportEnds: '2031-12-31',
    vulnerabilityContact: 'https://example.com/security',
  };
  await repo.addDelegation({ product: 'gw2', channel: 'stable', keys: [keys.ci, keys.a, keys.b], replace: true });
  for (const key of [keys.a, keys.b]) await repo.sign('targets', key.signer);
  await repo.describeProduct(described);
  for (const key of [keys.ci, keys.a]) await repo.sign(STABLE, key.signer);
  await copyElsewhere();
  await elsewhere.describeProduct({ ...described, supportEnds: '2030-01-01' });
  for (const key of [keys.ci, keys.a]) await elsewhere.sign(STABLE, key.signer);

  await repo.adopt(await brought(STABLE));
  expect(await repo.assemble([STABLE])).toMatchObject([{ complete: false, missing: 1 }]);
  await repo.addSignature(STABLE, await repo.signDetached(STABLE, keys.b.signer));
  expect(await repo.assemble([STABLE])).toMatchObject([{ complete: true }]);
});
