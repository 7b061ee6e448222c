/** Every kind of custody as people use it: real processes, the guide's own commands, and a search for what must not leak. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalize } from '@tufjs/canonical-json';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyFile } from './keys/key-file.ts';
import { unseal } from './keys/seal.ts';
import { awsKms, gcpAccount, gcpKms, type TestKms } from './keys/test-kms.ts';
import { verifyRepository } from './verify/verify.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const CLI = fileURLToPath(new URL('./cli.ts', import.meta.url));
const PASSPHRASE = 'correct horse battery';
const SECRETS = { passphrase: PASSPHRASE, pin: '648219', aws: 'hush-aws-secret', environment: 'hush-other-secret' };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let dir: string;
let env: NodeJS.ProcessEnv;
let guide: Ended;
let services: TestKms[];

/** `tidegate-signer`, and a `pkcs11-tool` that notes its command line and environment before it does its work. */
async function programs(): Promise<string> {
  const bin = join(dir, 'bin');
  await mkdir(bin);
  const write = (name: string, body: string) => writeFile(join(bin, name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  await write('tidegate-signer', `exec '${process.execPath}' '${CLI}' "$@"`);
  const notes = `{ tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline; echo; } >> '${dir}/cmdlines'`;
  await write(
    'pkcs11-tool',
    `${notes}\n[ -z "\${TIDEGATE_TOKEN_PIN:-}" ] || env >> '${dir}/tool-env'\nexec /usr/bin/pkcs11-tool "$@"`,
  );
  return bin;
}

/** From stdin: a command line would be searched for secrets too. */
function bash(script: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise(resolve => {
    const options = { cwd: dir, env: { ...env, ...more }, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile('bash', ['-euo', 'pipefail'], options, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    // As one compound command, which is read whole: what it runs shares this stdin.
    child.stdin?.end(`{ ${script}\n} < /dev/null\n`);
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-custody-'));
  services = [await awsKms(), await gcpKms()];
  const [aws, gcp] = services as [TestKms, TestKms];
  await mkdir(join(dir, 'tokens'));
  await writeFile(join(dir, 'softhsm2.conf'), `directories.tokendir = ${dir}/tokens\nobjectstore.backend = file\n`);
  env = {
    ...process.env,
    PATH: `${await programs()}:${process.env['PATH']}`,
    DOCS,
    SOFTHSM2_CONF: join(dir, 'softhsm2.conf'),
    TIDEGATE_PASSPHRASE: PASSPHRASE,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKTEST',
    AWS_SECRET_ACCESS_KEY: SECRETS.aws,
    AWS_ENDPOINT_URL_KMS: aws.url,
    GOOGLE_APPLICATION_CREDENTIALS: await gcpAccount(dir, gcp),
    SOMETHING_ELSE: SECRETS.environment,
  };
  const text = await readFile(join(DOCS, 'keys.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(match => match[1] ?? '');
  expect(blocks).toHaveLength(6);
  // Google's package has no variable for its address.
  guide = await bash(blocks.join('\n').replace('cryptoKeyVersions/1', `cryptoKeyVersions/1?endpoint=${gcp.url}`));
}, 240_000);
afterAll(async () => {
  for (const service of services) await service[Symbol.asyncDispose]();
});

test('the guide’s commands make a repository by keys of all six kinds, which a TUF client accepts', async () => {
  expect(guide).toMatchObject({ code: 0, stderr: '' });
  const root = await readFile(join(dir, 'repository', 'metadata', '1.root.json'));
  const { roles } = await verifyRepository({ source: join(dir, 'repository'), root });
  expect(roles.map(r => r.role)).toEqual(['root', 'timestamp', 'snapshot', 'targets', 'h-gw2', 'p-gw2-beta']);
});

test('the list of keys and the repository’s config say where each is kept', async () => {
  const listed = (await bash('tidegate-signer key list --json')).stdout;
  const custody = Object.fromEntries(
    (JSON.parse(listed) as { name: string; custody: string }[]).map(row => [row.name, row.custody.replace(/:.*/, '')]),
  );
  const all = { alice: 'file', bob: 'file', ci: 'env', carol: 'pkcs11', snap: 'awskms', time: 'gcpkms', duty: 'exec' };
  expect(custody).toEqual(all);
  expect(await readFile(join(dir, 'repository', 'tidegate-signer.yaml'), 'utf8')).toContain('uri: awskms:alias/p256');
});

test.each([
  ['file', 'tidegate-signer draft root; tidegate-signer sign root --key alice --allow-pending'],
  ['pkcs11', 'tidegate-signer draft root; tidegate-signer sign root --key carol --allow-pending'],
  [
    'env',
    'export FW_KEY="$(cat for-the-build/ci.json)"; tidegate-signer draft p-gw2-beta; tidegate-signer sign p-gw2-beta --key ci',
  ],
  ['exec', 'export FW_KEY_FILE="$PWD/duty.pem"; tidegate-signer draft h-gw2; tidegate-signer sign h-gw2 --key duty'],
  ['awskms and gcpkms', 'tidegate-signer refresh --snapshot-key snap --timestamp-key time'],
])('signing by %s shows no secret, not even where Node tells what it sends', async (_custody, script) => {
  const { code, stdout, stderr } = await bash(script, { NODE_DEBUG: 'child_process,http,https,fetch,net,tls,stream' });
  expect(code).toBe(0);
  const shown = stdout + stderr;
  expect(shown).not.toBe('');
  const account = JSON.parse(await readFile(join(dir, 'account.json'), 'utf8')) as { private_key: string };
  const { sealed, ...open } = JSON.parse(await readFile(join(dir, 'repository/keys/alice.json'), 'utf8')) as KeyFile;
  const seed = await unseal(sealed, PASSPHRASE, Buffer.from(canonicalize(open)));
  const pem = (await readFile(join(dir, 'duty.pem'), 'utf8')).split('\n')[1] ?? '';
  const hidden = [...Object.values(SECRETS), pem, account.private_key.split('\n')[1] ?? ''];
  for (const secret of [...hidden, seed.toString('hex'), seed.toString('base64')]) expect(shown).not.toContain(secret);
});

test('no command line holds a secret, and a token’s tool gets the PIN but none of our other secrets', async () => {
  const lines = await readFile(join(dir, 'cmdlines'), 'utf8');
  expect(lines).toContain('--pin env:TIDEGATE_TOKEN_PIN');
  expect(lines).toContain('cli.ts key add carol');
  for (const secret of Object.values(SECRETS)) expect(lines).not.toContain(secret);
  const toolEnv = await readFile(join(dir, 'tool-env'), 'utf8');
  expect(toolEnv).toContain(`TIDEGATE_TOKEN_PIN=${SECRETS.pin}`);
  for (const secret of [SECRETS.passphrase, SECRETS.aws, SECRETS.environment]) expect(toolEnv).not.toContain(secret);
});

test('core dumps of the signer and of the programs that it runs hold no memory', async () => {
  const program = join(dir, 'filter.sh');
  const look = `cat /proc/$PPID/coredump_filter /proc/$$/coredump_filter > '${dir}/filters'`;
  await writeFile(program, `#!/bin/sh\n${look}\necho '{"error":"seen"}'\n`, { mode: 0o755 });
  expect(await bash(`tidegate-signer key add none --uri exec:${program}`)).toMatchObject({ code: 6 });
  expect(await readFile(join(dir, 'filters'), 'utf8')).toBe('00000000\n00000000\n');
});

test('the signal that opens Node’s debugger opens none', async () => {
  const program = join(dir, 'signal.sh');
  await writeFile(program, `#!/bin/sh\nkill -USR1 $PPID\nsleep 0.2\necho '{"error":"seen"}'\n`, { mode: 0o755 });
  const { code, stderr } = await bash(`tidegate-signer key add none --uri exec:${program}`);
  expect(code).toBe(6);
  expect(stderr).not.toContain('Debugger');
});

test('each way not to have a key has its exit code', async () => {
  const codeOf = async (script: string, more: NodeJS.ProcessEnv = {}) => (await bash(script, more)).code;
  const [aws] = services as [TestKms];
  const add = 'tidegate-signer key add none --uri';
  expect(await codeOf(`${add} pkcs11:token=carol`)).toBe(2);
  expect(await codeOf(`${add} 'pkcs11:token=none;object=fw?module-path=/usr/lib/softhsm/libsofthsm2.so'`)).toBe(6);
  expect(await codeOf(`${add} exec:/bin/false`)).toBe(6);
  expect(await codeOf(`${add} awskms:alias/p256`, { AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:1' })).toBe(10);
  aws.twist = () => ({ status: 400, body: { __type: 'ThrottlingException' } });
  expect(await codeOf(`${add} awskms:alias/p256`)).toBe(10);
});
