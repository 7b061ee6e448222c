import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { keyTypeOf } from '../tuf/key.ts';
import type { KeyAccess } from './custody.ts';
import { signerFromUri } from './key-uri.ts';
import { MODULE, PIN, testToken, type TestToken } from './test-token.ts';

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });
const bytes = randomBytes(100_000);
let token: TestToken;
let access: KeyAccess;

beforeAll(async () => {
  token = await testToken();
  token.addKey('fw', '01', 'EC:prime256v1');
  token.addKey('ed', '02', 'EC:edwards25519');
  token.addKey('twice', '03', 'EC:prime256v1');
  token.addKey('twice', '04', 'EC:prime256v1');
  access = { env: token.env, secret: () => Promise.reject(new Error('not asked')) };
});

test('a P-256 key on a token signs lists of any size', async () => {
  await using signer = await signerFromUri(token.uri('token=dev;object=fw'), access);
  expect(keyTypeOf(signer.publicKey())).toBe('ecdsa-p256');
  expect(signer.custody).toBe('pkcs11');
  expect((await signer.sign(bytes)).length).toBeGreaterThan(60);
});

test('an Ed25519 key on a token signs what the tool can hand it at once, and larger lists are refused by name', async () => {
  await using signer = await signerFromUri(token.uri('token=dev;id=%02'), access);
  expect(keyTypeOf(signer.publicKey())).toBe('ed25519');
  expect(await signer.sign(bytes.subarray(0, 1024))).toHaveLength(64);
  await expect(signer.sign(bytes.subarray(0, 1025))).rejects.toEqual(refused('payload-too-large', '1025'));
});

test('the PIN is asked for where no file is named, and the module may come from the environment', async () => {
  const asked: string[] = [];
  const env = { ...token.env, TIDEGATE_PKCS11_MODULE: MODULE };
  const secret: KeyAccess['secret'] = async ({ kind, of }) => {
    asked.push(`${kind} of ${of}`);
    return PIN;
  };
  await using signer = await signerFromUri('pkcs11:object=fw', { env, secret });
  await signer.sign(bytes);
  await signer.sign(bytes);
  expect(asked).toEqual(['pin of token dev']);
});

test('a wrong PIN is told with what the token says about tries', async () => {
  const pinFile = join(token.dir, 'wrong');
  await writeFile(pinFile, '0000000');
  await using signer = await signerFromUri(`pkcs11:object=fw?module-path=${MODULE}&pin-source=file:${pinFile}`, access);
  await expect(signer.sign(bytes)).rejects.toEqual(refused('pin-wrong', 'user PIN count low'));
  await using right = await signerFromUri(token.uri('object=fw'), access);
  await right.sign(bytes);
});

test.each([
  ['another token', 'token=other;object=fw', 'token-missing'],
  ['another serial', 'serial=0;object=fw', 'token-missing'],
  ['another key', 'token=dev;object=none', 'key-not-found'],
  ['a label that two keys bear', 'token=dev;object=twice', 'key-ambiguous'],
])('%s is not guessed at', async (_name, attributes, code) => {
  await expect(signerFromUri(token.uri(attributes), access)).rejects.toEqual(refused(code));
});

test('of two keys with one label the id tells which', async () => {
  await using signer = await signerFromUri(token.uri('token=dev;object=twice;id=%04'), access);
  await signer.sign(bytes);
});

test('two tokens that fit are ambiguous until the URI says which', async () => {
  const two = await testToken();
  two.addToken('spare');
  two.addKey('fw', '01', 'EC:prime256v1', 'spare');
  const opened = { ...access, env: two.env };
  await expect(signerFromUri(two.uri('object=fw'), opened)).rejects.toEqual(refused('key-ambiguous', 'serial='));
  await using signer = await signerFromUri(two.uri('token=spare;object=fw'), opened);
  await signer.sign(bytes);
});

test('a module or a PIN file that is not there is told apart from a wrong PIN', async () => {
  await expect(signerFromUri('pkcs11:object=fw?module-path=/nowhere.so', access)).rejects.toEqual(
    refused('key-tool-missing'),
  );
  await expect(signerFromUri('pkcs11:object=fw', access)).rejects.toEqual(refused('key-uri-invalid', 'module-path'));
  await expect(
    signerFromUri(`pkcs11:object=fw?module-path=${MODULE}&pin-source=file:/nowhere`, access),
  ).rejects.toEqual(refused('pin-missing'));
  await expect(
    signerFromUri(token.uri('object=fw'), { ...access, env: { ...access.env, PATH: '/nowhere' } }),
  ).rejects.toEqual(refused('key-tool-missing'));
});
