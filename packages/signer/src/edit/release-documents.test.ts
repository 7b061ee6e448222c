import { generateKeyPairSync, hash } from 'node:crypto';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { CYCLONEDX, envelope, SOURCE, SPDX, statement } from '../documents/test-documents.ts';
import { draft, storeAt, writeDraft } from '../store/store.ts';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';

const ROLE = 'p-gw2-beta';
const FOLDER = 'gw2/beta/rootfs/1.0.0';
const refused = (code: string) => expect.objectContaining({ code });

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
});

async function drafted(): Promise<TargetsSigned> {
  const envelope = await draft(storeAt(made.dir), ROLE, parseTargets);
  if (!envelope) throw new Error('no draft');
  return envelope.signed;
}

const sha256 = (text: string) => hash('sha256', text, 'hex');
const at = (name: string, text: string) => made.image(name, text);

/** A release with all its documents. */
async function documented(image = 'image') {
  return release(await at('rootfs.img', image), {
    channel: 'beta',
    sbom: await at('sbom.cdx.json', CYCLONEDX),
    provenance: await at('rootfs.intoto.json', statement({ sha256: sha256(image) })),
    notesFile: await at('notes.md', '# What is new\n'),
  });
}

test('documents become signed targets beside the image, which names each with its hash', async () => {
  const { repo, keys } = made;
  const added = await repo.addRelease(await documented());
  expect(added.firmware).toMatchObject({
    sbom: { file: 'sbom.cdx.json', sha256: sha256(CYCLONEDX) },
    provenance: { file: 'rootfs.intoto.json' },
    longNotes: { file: 'notes.md' },
  });
  const { targets } = await drafted();
  expect(targets[`${FOLDER}/sbom.cdx.json`]).toMatchObject({
    hashes: { sha256: sha256(CYCLONEDX) },
    custom: { kind: 'sbom', format: 'cyclonedx-1.6', component: 'rootfs', version: '1.0.0' },
  });
  expect(Object.keys(targets)).toHaveLength(4);
  expect(await readFile(join(made.dir, 'artifacts', sha256(CYCLONEDX)), 'utf8')).toBe(CYCLONEDX);
  expect(await repo.addRelease(await documented())).toMatchObject({ added: false });
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
});

test('images for other hardware share a document, and the last one takes it along when it is withdrawn', async () => {
  const { repo, keys } = made;
  const shared = { channel: 'beta', sbom: await at('sbom.json', SPDX) };
  await repo.addRelease(release(await at('b.img', 'b'), shared));
  await repo.addRelease(release(await at('c.img', 'c'), { ...shared, hardware: ['gw2-c'] }));
  await repo.sign(ROLE, keys.ci.signer);
  const said = { product: 'gw2', channel: 'beta', component: 'rootfs', version: '1.0.0', reason: { en: 'Bad.' } };
  expect((await repo.withdraw({ ...said, file: 'b.img' })).paths).toEqual([`${FOLDER}/b.img`]);
  expect((await repo.withdraw({ ...said, file: 'c.img' })).paths).toEqual([`${FOLDER}/c.img`, `${FOLDER}/sbom.json`]);
  expect(await repo.sign(ROLE, keys.ci.signer)).toMatchObject({ complete: true });
});

test('what is no document, or is of another image, is refused, and nothing is left of it', async () => {
  const { repo } = made;
  const folders = async () => [await readdir(join(made.dir, 'artifacts')), await readdir(join(made.dir, 'staged'))];
  const before = await folders();
  const good = await documented();
  const foreign = await at('foreign.json', statement({ sha256: sha256('another image') }));
  await expect(repo.addRelease({ ...good, provenance: foreign })).rejects.toEqual(refused('provenance-refused'));
  await expect(repo.addRelease({ ...good, sbom: good.provenance })).rejects.toEqual(refused('document-invalid'));
  await expect(repo.addRelease({ ...good, notesFile: good.file })).rejects.toEqual(refused('document-invalid'));
  await expect(repo.addRelease({ ...good, sbom: join(made.dir, 'none') })).rejects.toEqual(refused('file-unreadable'));
  expect(await folders()).toEqual(before);
});

test.each<[string, (targets: TargetsSigned['targets']) => TargetsSigned['targets']]>([
  ['a document that its image names is gone', ({ [`${FOLDER}/notes.md`]: _gone, ...rest }) => rest],
  ['a document lies there that no image names', ({ [`${FOLDER}/rootfs.img`]: _gone, ...rest }) => rest],
])('a draft in which %s is not signed', async (_, change) => {
  const { repo, keys } = made;
  await repo.addRelease(await documented());
  const signed = await drafted();
  await writeDraft(storeAt(made.dir), ROLE, {
    signatures: [],
    signed: { ...signed, targets: change(signed.targets) },
  });
  await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('metadata-invalid'));
});

describe('where the product demands documents', () => {
  const key = generateKeyPairSync('ed25519');
  beforeEach(async () => {
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString().trimEnd();
    const lines = [
      'products:',
      '  gw2:',
      '    sbom: required',
      '    provenance:',
      '      required: true',
      `      sources: [${SOURCE}]`,
      '      keys:',
      '        - |',
      ...pem.split('\n').map(line => `          ${line}`),
      '',
    ];
    await appendFile(join(made.dir, 'tidegate-signer.yaml'), lines.join('\n'));
  });

  const signedBy = async (said: { source?: string } = {}) =>
    at('signed.json', envelope(statement({ sha256: sha256('image'), ...said }), key.privateKey));

  test('a release without them, or with provenance that the policy does not allow, is refused', async () => {
    const { repo } = made;
    const good = { ...(await documented()), provenance: await signedBy() };
    await expect(repo.addRelease({ ...good, sbom: undefined })).rejects.toEqual(refused('evidence-missing'));
    await expect(repo.addRelease({ ...good, provenance: undefined })).rejects.toEqual(refused('evidence-missing'));
    await expect(repo.addRelease(await documented())).rejects.toEqual(refused('provenance-refused'));
    const foreign = await signedBy({ source: 'https://github.com/evil/firmware' });
    await expect(repo.addRelease({ ...good, provenance: foreign })).rejects.toEqual(refused('provenance-refused'));
    const fine = await repo.addRelease({ ...good, provenance: await signedBy() });
    expect(fine).toMatchObject({ added: true });
    expect(await repo.sign(ROLE, made.keys.ci.signer)).toMatchObject({ complete: true });
  });

  test('a draft that was written by other means is judged before it is signed, from the bytes', async () => {
    const { repo, keys } = made;
    const bad = statement({ sha256: sha256('image') });
    await repo.addRelease({ ...(await documented()), provenance: await signedBy() });
    const signed = await drafted();
    const path = `${FOLDER}/signed.json`;
    const [image, document] = [signed.targets[`${FOLDER}/rootfs.img`], signed.targets[path]];
    if (!image || !document) throw new Error('not listed');
    await writeFile(join(made.dir, 'artifacts', sha256(bad)), bad);
    const custom = { ...image.custom, provenance: { file: 'signed.json', sha256: sha256(bad) } };
    const targets = {
      ...signed.targets,
      [`${FOLDER}/rootfs.img`]: { ...image, custom },
      [path]: { ...document, length: bad.length, hashes: { sha256: sha256(bad) } },
    };
    await writeDraft(storeAt(made.dir), ROLE, { signatures: [], signed: { ...signed, targets } });
    await expect(repo.sign(ROLE, keys.ci.signer)).rejects.toEqual(refused('provenance-refused'));
    await expect(repo.signDetached(ROLE, keys.ci.signer)).rejects.toEqual(refused('provenance-refused'));
  });
});

test('a config whose policy names what is no key is refused as damaged', async () => {
  await appendFile(join(made.dir, 'tidegate-signer.yaml'), 'products: {gw2: {provenance: {keys: [x]}}}\n');
  await expect(made.repo.keys()).rejects.toEqual(refused('repository-damaged'));
});
