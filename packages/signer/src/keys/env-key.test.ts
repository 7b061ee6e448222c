import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { emptyRepository, PASSPHRASE, testKey, type TestKey } from '../test-repository.ts';
import { createRepository } from '../repository.ts';
import { readPublicKey } from './key-document.ts';
import { writeKeyReference } from './key-reference.ts';
import { signerFromUri } from './key-uri.ts';

const refused = (code: string) => expect.objectContaining({ code });
let dir: string;
let key: TestKey;
let text: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-env-'));
  key = await testKey(dir, 'ci', 'ci', 'ecdsa-p256');
  text = await readFile(key.path, 'utf8');
});

const open = (env: Record<string, string>, uri = 'env:FW_KEY') =>
  signerFromUri(uri, { env, secret: async () => PASSPHRASE });

test('a variable holds a key file, as it is or in base64', async () => {
  const base64 = Buffer.from(text).toString('base64');
  for (const value of [
    text,
    JSON.stringify(JSON.parse(text)),
    base64,
    `${base64}\n`,
    base64.replace(/.{76}/g, '$&\n'),
  ]) {
    await using signer = await open({ FW_KEY: value });
    expect(signer.publicKey()).toEqual(key.key);
    expect(signer.custody).toBe('env');
    await signer.sign(Buffer.from('a list'));
  }
});

test('an empty, broken or too long variable is told without its content', async () => {
  await expect(open({})).rejects.toEqual(refused('key-not-found'));
  await expect(open({ FW_KEY: ' ' })).rejects.toEqual(refused('key-not-found'));
  await expect(open({ FW_KEY: 'x'.repeat(40_000) })).rejects.toEqual(refused('key-file-invalid'));
  for (const broken of ['{"sealed": hush', 'hush', text.replace('"ci"', '"hush"')]) {
    const error = await open({ FW_KEY: broken }).catch((e: Error) => e);
    expect(error).toEqual(refused('key-file-invalid'));
    expect((error as Error).message).not.toContain('hush');
  }
  await expect(open({}, 'env:NOT A NAME')).rejects.toEqual(refused('key-uri-invalid'));
});

test('a reference to it is proved once, and afterwards gives the public half without the secret', async () => {
  const path = join(dir, 'build.json');
  await using signer = await open({ FW_KEY: text });
  await writeKeyReference(path, { uri: 'env:FW_KEY', kind: 'ci' }, signer);
  expect(await readPublicKey(path)).toEqual({
    name: 'build',
    keyid: key.keyid,
    key: key.key,
    kind: 'ci',
    uri: 'env:FW_KEY',
  });
  await using followed = await open({ FW_KEY: text }, `file:${path}`);
  expect(followed.custody).toBe('env');
  await followed.sign(Buffer.from('a list'));
  await expect(writeKeyReference(path, { uri: 'env:FW_KEY', kind: 'ci' }, signer)).rejects.toEqual(
    refused('key-exists'),
  );
});

test('a reference whose place holds another key by now signs nothing', async () => {
  const path = join(dir, 'swapped.json');
  await using signer = await open({ FW_KEY: text });
  await writeKeyReference(path, { uri: 'env:FW_KEY', kind: 'ci' }, signer);
  const other = await testKey(dir, 'other', 'ci', 'ecdsa-p256');
  await using swapped = await open({ FW_KEY: await readFile(other.path, 'utf8') }, `file:${path}`);
  await expect(swapped.sign(Buffer.from('a list'))).rejects.toEqual(refused('signature-invalid'));
});

test('no reference is written to a file', async () => {
  const path = join(dir, 'to-file.json');
  await using signer = await open({ FW_KEY: text });
  for (const uri of [`file:${key.path}`, key.path, `env:${'A'.repeat(2000)}`]) {
    await expect(writeKeyReference(path, { uri, kind: 'ci' }, signer)).rejects.toEqual(refused('key-uri-invalid'));
  }
  await expect(readFile(path)).rejects.toThrow();
});

test('a reference never leads to a file, and holds nothing besides', async () => {
  const path = join(dir, 'chain.json');
  const { sealed: _, ...openPart } = JSON.parse(text) as Record<string, unknown>;
  for (const added of [{ uri: `file:${key.path}` }, { uri: 'env:FW_KEY', pin: '1234' }, {}]) {
    await writeFile(path, JSON.stringify({ ...openPart, ...added }));
    await expect(readPublicKey(path)).rejects.toEqual(refused('key-file-invalid'));
  }
});

test('a key in the environment signs channels, never root or targets', async () => {
  const { repo, keys, dir: folder } = await emptyRepository();
  const person = await readFile(keys.a.path, 'utf8');
  await using signer = await open({ FW_KEY: person });
  await expect(repo.sign('root', signer)).rejects.toEqual(refused('custody-refused'));
  await expect(repo.sign('targets', signer)).rejects.toEqual(refused('custody-refused'));
  const rootKeys = [{ ...keys.a, uri: 'env:FW_KEY' }, keys.b];
  const wanted = { rootKeys, rootThreshold: 2, snapshotKey: keys.snap, timestampKey: keys.time };
  await expect(createRepository(join(folder, 'other'), wanted)).rejects.toEqual(refused('custody-refused'));
  await repo.addDelegation({ product: 'gw2', channel: 'beta', keys: [keys.a] });
  for (const { signer: by } of [keys.a, keys.b]) await repo.sign('root', by);
  expect(await repo.sign('p-gw2-beta', signer)).toMatchObject({ complete: true });
});
