import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { keyId, signatureHolds } from '../tuf/key.ts';
import { readPublicKey } from './key-document.ts';
import { generateKeyFile, type KeyFile } from './key-file.ts';
import { openKeyFile, signerFromUri } from './key-uri.ts';
import { seal, SCRYPT_COST } from './seal.ts';

const passphrase = 'correct horse battery';
const options = { passphrase, kind: 'ci', scrypt: { N: 1024 } } as const;
const refused = (code: string) => expect.objectContaining({ code });
let path: string;

beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'tidegate-key-')), 'ci.json');
});

async function change(edit: (file: KeyFile) => object): Promise<void> {
  await writeFile(path, JSON.stringify({ ...edit(JSON.parse(await readFile(path, 'utf8')) as KeyFile) }));
}

test('a key that was written signs after it was read', async () => {
  const made = await generateKeyFile(path, options);
  const signer = await openKeyFile(path, passphrase);
  const bytes = Buffer.from('a list');
  expect(signatureHolds(made.public, bytes, await signer.sign(bytes))).toBe(true);
  expect(await readPublicKey(path)).toEqual({ name: 'ci', keyid: keyId(made.public), key: made.public, kind: 'ci' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a wrong passphrase opens nothing', async () => {
  await generateKeyFile(path, options);
  await expect(openKeyFile(path, 'correct horse batterx')).rejects.toEqual(refused('passphrase-wrong'));
});

test('a key file whose open part was changed does not open', async () => {
  await generateKeyFile(path, options);
  await change(file => ({ ...file, kind: 'person' }));
  await expect(openKeyFile(path, passphrase)).rejects.toEqual(refused('passphrase-wrong'));
});

test('another public key under the old id is refused before a passphrase is asked', async () => {
  await generateKeyFile(path, options);
  await change(file => ({ ...file, public: { ...file.public, keyval: { public: '0'.repeat(64) } } }));
  await expect(readPublicKey(path)).rejects.toEqual(refused('key-file-invalid'));
});

test('a key file cannot make the machine work for ever', async () => {
  await generateKeyFile(path, options);
  await change(file => ({ ...file, sealed: { ...file.sealed, kdf: { ...file.sealed.kdf, N: 2 ** 30 } } }));
  await expect(openKeyFile(path, passphrase)).rejects.toEqual(refused('key-file-invalid'));
  await writeFile(path, 'x'.repeat(20_000));
  await expect(readPublicKey(path)).rejects.toEqual(refused('key-access'));
});

test('a key is never replaced, and no key is made under a weak passphrase', async () => {
  await generateKeyFile(path, options);
  const before = await readFile(path);
  await expect(generateKeyFile(path, options)).rejects.toEqual(refused('key-exists'));
  expect(await readFile(path)).toEqual(before);
  await expect(generateKeyFile(`${path}2`, { ...options, passphrase: 'short' })).rejects.toEqual(
    refused('passphrase-weak'),
  );
});

test('the default cost of a guess fits into the memory that Node allows it', async () => {
  const sealed = await seal(new Uint8Array(32), passphrase, Buffer.from(''), SCRYPT_COST);
  expect(sealed.kdf).toMatchObject({ name: 'scrypt', N: 131_072, r: 8, p: 1 });
});

test('a kind of key that is not known says so', async () => {
  await expect(signerFromUri('ftp:alias/fw', { env: {}, secret: async () => passphrase })).rejects.toEqual(
    refused('key-scheme-unknown'),
  );
});
