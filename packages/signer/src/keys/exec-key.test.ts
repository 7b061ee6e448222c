import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { keyTypeOf } from '../tuf/key.ts';
import type { KeyAccess } from './custody.ts';
import { signerFromUri } from './key-uri.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../docs/examples/exec-signer.sh', import.meta.url));
const refused = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) as string });
const bytes = Buffer.from('a list');
let dir: string;
let access: KeyAccess;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-exec-'));
  const key = join(dir, 'fw.pem');
  execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key]);
  access = { env: { ...process.env, FW_KEY_FILE: key }, secret: () => Promise.reject(new Error('not asked')) };
});

/** A program with this body, that the shell runs. */
async function program(body: string): Promise<string> {
  const path = join(dir, `${randomBytes(6).toString('hex')}.sh`);
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return `exec:${path}`;
}

/** Answers the question for the public key as the example does, and a signature by `body`. */
const signingBy = (body: string) =>
  program(
    `read -r request; case "$request" in *public-key*) echo "$request" | FW_KEY_FILE=${dir}/fw.pem ${EXAMPLE};; *) ${body};; esac`,
  );

test('the example of the guide, a shell script, is a signer, also of a list of a megabyte', async () => {
  await using signer = await signerFromUri(`exec:${EXAMPLE}?env=FW_KEY_FILE`, access);
  expect(keyTypeOf(signer.publicKey())).toBe('ecdsa-p256');
  expect(signer.custody).toBe('exec');
  expect((await signer.sign(bytes)).length).toBeGreaterThan(60);
  expect((await signer.sign(randomBytes(1_000_000))).length).toBeGreaterThan(60);
});

test('a program gets the request on stdin, nothing as an argument, and of the environment what is named', async () => {
  const seen = join(dir, 'seen');
  const uri = await program(`cat > ${seen}; echo "args: $*" >> ${seen}; env >> ${seen}; echo '{"error":"seen"}'`);
  const secret = { ...access, env: { ...access.env, TIDEGATE_PASSPHRASE: 'hush', NAMED: 'told', OTHER: 'kept' } };
  await expect(signerFromUri(`${uri}?key=release&env=NAMED`, secret)).rejects.toEqual(refused('key-denied', 'seen'));
  const text = await readFile(seen, 'utf8');
  expect(JSON.parse(text.split('\n')[0] ?? '')).toEqual({ version: 1, operation: 'public-key', key: 'release' });
  expect(text).toMatch(/^args: $/m);
  expect(text).toContain('NAMED=told');
  expect(text).not.toMatch(/hush|kept|FW_KEY_FILE/);
});

test('a program that crashes is told with its last words, without what would command a terminal', async () => {
  const uri = await program(`printf 'no \\033[31mtoken\\007 here\\n' >&2; exit 7`);
  await expect(signerFromUri(uri, access)).rejects.toEqual(
    refused('key-program-failed', 'ended with 7: no  [31mtoken'),
  );
  await expect(signerFromUri(await program('kill -9 $$'), access)).rejects.toEqual(refused('key-program-failed'));
});

test.each([
  ['nothing', 'true'],
  ['no JSON', 'echo hello'],
  ['another field', `echo '{"signature":"AAAA","extra":1}'`],
  ['no base64', `echo '{"signature":"not base64"}'`],
  ['two replies', `echo '{"signature":"AAAA"}'; echo '{"signature":"AAAA"}'`],
  ['more than it may', 'head -c 100000 /dev/zero | tr "\\0" a'],
])('a reply of %s is refused', async (_name, body) => {
  await using signer = await signerFromUri(await signingBy(body), access);
  await expect(signer.sign(bytes)).rejects.toEqual(refused('key-answer-invalid'));
});

test('a signature of something else is refused', async () => {
  const other = `echo '{"operation":"sign","payload":"AAAA"}' | FW_KEY_FILE=${dir}/fw.pem ${EXAMPLE}`;
  await using signer = await signerFromUri(await signingBy(other), access);
  await expect(signer.sign(bytes)).rejects.toEqual(refused('signature-invalid'));
});

test('a program that gives no answer in its time is ended', async () => {
  const uri = await program('exec sleep 600');
  await expect(signerFromUri(`${uri}?timeout=1`, access)).rejects.toEqual(refused('key-timeout'));
});

test('a child of the program that goes on does not hold the signer up', async () => {
  const uri = await program('sleep 600 & echo $! > ' + join(dir, 'child') + '; sleep 600');
  await expect(signerFromUri(`${uri}?timeout=1`, access)).rejects.toEqual(refused('key-timeout'));
  process.kill(Number(await readFile(join(dir, 'child'), 'utf8')));
});

test.each([
  'exec:sign.sh',
  'exec:./sign.sh',
  'exec:/bin/true?args=-x',
  'exec:/bin/true?timeout=0',
  'exec:/bin/true?timeout=1&timeout=2',
  'exec:/bin/true?timeout=601',
  'exec:/bin/%zz',
  'exec:/bin/%0a',
])('%s is no key', async uri => {
  await expect(signerFromUri(uri, access)).rejects.toEqual(refused('key-uri-invalid'));
});

test('a program that is not there says so', async () => {
  await expect(signerFromUri('exec:/nowhere/sign', access)).rejects.toEqual(refused('key-tool-missing'));
});
