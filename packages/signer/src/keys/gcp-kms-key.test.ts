import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keyTypeOf } from '../tuf/key.ts';
import { crc32c } from './crc32c.ts';
import { signerFromUri } from './key-uri.ts';
import { GCP_RING, gcpAccount, gcpFault, gcpKms, type TestKms } from './test-kms.ts';

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });
const access = { env: {}, secret: () => Promise.reject(new Error('not asked')) };
const list = randomBytes(100_000);
let kms: TestKms;

beforeEach(async () => {
  kms = await gcpKms();
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-gcp-'));
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', await gcpAccount(dir, kms));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await kms[Symbol.asyncDispose]();
});

const open = (name: string) =>
  signerFromUri(`gcpkms:${GCP_RING}/${name}/cryptoKeyVersions/1?endpoint=${kms.url}`, access);

test('the checksum is Castagnoli’s', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('a P-256 key signs the digest of a list of any size, with checksums both ways', async () => {
  await using signer = await open('p256');
  expect(keyTypeOf(signer.publicKey())).toBe('ecdsa-p256');
  await signer.sign(list);
  const sent = kms.seen.at(-1);
  expect(sent?.path).toMatch(/cryptoKeyVersions\/1:asymmetricSign/);
  expect(sent?.body).toMatchObject({ digest: { sha256: expect.any(String) as string } });
  expect(sent?.body['digestCrc32c']).toBeDefined();
});

test('an Ed25519 key signs what the service takes whole, and a larger list never leaves', async () => {
  await using signer = await open('ed25519');
  expect(await signer.sign(list.subarray(0, 65_536))).toHaveLength(64);
  const before = kms.seen.length;
  await expect(signer.sign(list.subarray(0, 65_537))).rejects.toEqual(refused('payload-too-large', 'P-256'));
  expect(kms.seen).toHaveLength(before);
});

test.each([
  ['PERMISSION_DENIED', 403, 'key-denied'],
  ['UNAUTHENTICATED', 401, 'key-denied'],
  ['FAILED_PRECONDITION', 400, 'key-denied'],
  ['NOT_FOUND', 404, 'key-not-found'],
  ['RESOURCE_EXHAUSTED', 429, 'key-throttled'],
  ['UNAVAILABLE', 503, 'key-unreachable'],
])('%s is told as what it is', async (text, status, code) => {
  await using signer = await open('p256');
  kms.twist = () => gcpFault(status, text);
  await expect(signer.sign(list)).rejects.toEqual(refused(code, text));
});

test('a service that is not there, and a key that is not there', async () => {
  await expect(open('nobody')).rejects.toEqual(refused('key-not-found'));
  const gone = `gcpkms:${GCP_RING}/p256/cryptoKeyVersions/1?endpoint=http://127.0.0.1:1`;
  await expect(signerFromUri(gone, access)).rejects.toEqual(refused('key-unreachable'));
});

test.each(['verifiedDigestCrc32c', 'signatureCrc32c', 'name'])('an answer without its %s is refused', async field => {
  await using signer = await open('p256');
  kms.twist = ({ body }) => ({ body: Object.fromEntries(Object.entries(body).filter(([name]) => name !== field)) });
  await expect(signer.sign(list)).rejects.toEqual(refused('key-answer-invalid', 'checksum'));
});

test('a damaged public key or signature is refused', async () => {
  await using signer = await open('p256');
  kms.twist = ({ body }) => ({ body: { ...body, signature: Buffer.alloc(70, 1).toString('base64') } });
  await expect(signer.sign(list)).rejects.toEqual(refused('key-answer-invalid'));
  const forged = Buffer.alloc(70, 1);
  kms.twist = ({ body }) => ({
    body: { ...body, signature: forged.toString('base64'), signatureCrc32c: String(crc32c(forged)) },
  });
  await expect(signer.sign(list)).rejects.toEqual(refused('signature-invalid'));
  kms.twist = ({ body }) => ({ body: { ...body, pem: 'no key' } });
  await expect(open('p256')).rejects.toEqual(refused('key-answer-invalid'));
});

test.each(['gcpkms:fw', `gcpkms:${GCP_RING}/p256`, `gcpkms:${GCP_RING}/p256/cryptoKeyVersions/latest`])(
  '%s is no version of a key',
  async uri => {
    await expect(signerFromUri(uri, access)).rejects.toEqual(refused('key-uri-invalid'));
  },
);
