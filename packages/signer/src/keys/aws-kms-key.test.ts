import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { signerFromUri } from './key-uri.ts';
import { optionalPackage } from './optional-package.ts';
import { awsFault, awsKms, type TestKms } from './test-kms.ts';

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });
const access = { env: {}, secret: () => Promise.reject(new Error('not asked')) };
const list = randomBytes(100_000);
let kms: TestKms;

beforeEach(async () => {
  kms = await awsKms();
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKTEST');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush-aws-secret');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await kms[Symbol.asyncDispose]();
});

const open = (name: string) => signerFromUri(`awskms:alias/${name}?region=eu-central-1&endpoint=${kms.url}`, access);

test('a P-256 key is sent the digest', async () => {
  await using signer = await open('p256');
  await signer.sign(list);
  expect(kms.seen.map(r => r.headers['x-amz-target'])).toEqual(['TrentService.GetPublicKey', 'TrentService.Sign']);
  expect(kms.seen[1]?.body).toMatchObject({ MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' });
});

test.each([
  ['AccessDeniedException', 400, 'key-denied'],
  ['DisabledException', 400, 'key-denied'],
  ['ExpiredTokenException', 400, 'key-denied'],
  ['NotFoundException', 400, 'key-not-found'],
  ['ThrottlingException', 400, 'key-throttled'],
  ['LimitExceededException', 400, 'key-throttled'],
  ['KMSInternalException', 500, 'key-unreachable'],
  ['NobodyKnowsException', 400, 'key-program-failed'],
])('%s is told as what it is', async (type, status, code) => {
  await using signer = await open('p256');
  kms.twist = () => awsFault(status, type);
  await expect(signer.sign(list)).rejects.toEqual(refused(code, type));
});

test('a signature of something else, an empty answer and a strange key are refused', async () => {
  await using signer = await open('p256');
  kms.twist = () => ({ body: {} });
  await expect(signer.sign(list)).rejects.toEqual(refused('signature-invalid'));
  kms.twist = () => ({ body: { Signature: Buffer.alloc(70, 1).toString('base64') } });
  await expect(signer.sign(list)).rejects.toEqual(refused('signature-invalid'));
  kms.twist = () => ({ body: { KeyUsage: 'ENCRYPT_DECRYPT', PublicKey: 'AAAA' } });
  await expect(open('p256')).rejects.toEqual(refused('key-denied'));
  kms.twist = () => ({ body: { KeyUsage: 'SIGN_VERIFY', PublicKey: 'AAAA' } });
  await expect(open('p256')).rejects.toEqual(refused('key-type-unknown'));
});

test.each([
  'awskms:fw',
  'awskms:alias/',
  'awskms:alias/a b',
  'awskms:alias/p256?profile=x',
  'awskms:arn:aws:s3:::bucket',
])('%s is no key', async uri => {
  await expect(signerFromUri(uri, access)).rejects.toEqual(refused('key-uri-invalid'));
});

test('plain http goes to this machine only', async () => {
  const uri = 'awskms:alias/p256?region=eu-central-1&endpoint=http://kms.example';
  await expect(signerFromUri(uri, access)).rejects.toEqual(refused('insecure-url'));
});

test('without its package the key says what to install', async () => {
  const absent = '@aws-sdk/client-of-nobody';
  await expect(optionalPackage(absent, () => import(absent))).rejects.toEqual(
    refused('key-tool-missing', `npm install ${absent}`),
  );
});
