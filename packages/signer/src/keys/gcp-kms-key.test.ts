import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

test('a P-256 key is sent the digest with its checksum', async () => {
  await using signer = await open('p256');
  await signer.sign(list);
  const sent = kms.seen.at(-1);
  expect(sent?.path).toMatch(/cryptoKeyVersions\/1:asymmetricSign/);
  expect(sent?.body).toMatchObject({ digest: { sha256: expect.any(String) as string } });
  expect(sent?.body['digestCrc32c']).toBeDefined();
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
