import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keyTypeOf } from '../tuf/key.ts';
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

test('a P-256 key signs the digest of a list of any size', async () => {
  await using signer = await open('p256');
  expect(keyTypeOf(signer.publicKey())).toBe('ecdsa-p256');
  await signer.sign(list);
  expect(kms.seen.map(r => r.headers['x-amz-target'])).toEqual(['TrentService.GetPublicKey', 'TrentService.Sign']);
  expect(kms.seen[1]?.body).toMatchObject({ MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' });
  expect(JSON.stringify(kms.seen)).not.toContain('hush');
});

test('an Ed25519 key signs what the service takes whole, and a larger list never leaves', async () => {
  await using signer = await open('ed25519');
  expect(await signer.sign(list.subarray(0, 4096))).toHaveLength(64);
  const before = kms.seen.length;
  await expect(signer.sign(list.subarray(0, 4097))).rejects.toEqual(refused('payload-too-large', 'P-256'));
  expect(kms.seen).toHaveLength(before);
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

test('a service that is not there, and a key that is not there', async () => {
  await expect(open('nobody')).rejects.toEqual(refused('key-not-found'));
  const gone = 'awskms:alias/p256?region=eu-central-1&endpoint=http://127.0.0.1:1';
  await expect(signerFromUri(gone, access)).rejects.toEqual(refused('key-unreachable'));
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
