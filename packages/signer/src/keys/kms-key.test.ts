/** What holds of keys in any cloud's key service, each reached by its own real SDK. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keyTypeOf } from '../tuf/key.ts';
import { signerFromUri } from './key-uri.ts';
import { awsKms, GCP_RING, gcpAccount, gcpKms, type TestKms } from './test-kms.ts';

const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });
const access = { env: {}, secret: () => Promise.reject(new Error('not asked')) };
const list = randomBytes(100_000);

interface Cloud {
  readonly name: string;
  readonly start: () => Promise<TestKms>;
  readonly uri: (key: string, endpoint: string) => string;
  /** Largest message that an Ed25519 key of the service signs. */
  readonly ed25519Bytes: number;
}

const clouds: Cloud[] = [
  {
    name: 'awskms',
    start: async () => {
      vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKTEST');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush-aws-secret');
      vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
      return awsKms();
    },
    uri: (key, endpoint) => `awskms:alias/${key}?region=eu-central-1&endpoint=${endpoint}`,
    ed25519Bytes: 4096,
  },
  {
    name: 'gcpkms',
    start: async () => {
      const kms = await gcpKms();
      const dir = await mkdtemp(join(tmpdir(), 'tidegate-gcp-'));
      vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', await gcpAccount(dir, kms));
      return kms;
    },
    uri: (key, endpoint) => `gcpkms:${GCP_RING}/${key}/cryptoKeyVersions/1?endpoint=${endpoint}`,
    ed25519Bytes: 65_536,
  },
];

describe.each(clouds)('$name', ({ start, uri, ed25519Bytes }) => {
  let kms: TestKms;
  beforeEach(async () => {
    kms = await start();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await kms[Symbol.asyncDispose]();
  });
  const open = (name: string) => signerFromUri(uri(name, kms.url), access);

  test('a P-256 key signs the digest of a list of any size, and no secret goes along', async () => {
    await using signer = await open('p256');
    expect(keyTypeOf(signer.publicKey())).toBe('ecdsa-p256');
    await signer.sign(list);
    expect(JSON.stringify(kms.seen)).not.toContain('hush');
  });

  test('an Ed25519 key signs what the service takes whole, and a larger list never leaves', async () => {
    await using signer = await open('ed25519');
    expect(await signer.sign(list.subarray(0, ed25519Bytes))).toHaveLength(64);
    const before = kms.seen.length;
    await expect(signer.sign(list.subarray(0, ed25519Bytes + 1))).rejects.toEqual(
      refused('payload-too-large', 'P-256'),
    );
    expect(kms.seen).toHaveLength(before);
  });

  test('a service that is not there, and a key that is not there', async () => {
    await expect(open('nobody')).rejects.toEqual(refused('key-not-found'));
    await expect(signerFromUri(uri('p256', 'http://127.0.0.1:1'), access)).rejects.toEqual(refused('key-unreachable'));
  });
});
