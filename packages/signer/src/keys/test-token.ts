/** A SoftHSM2 token of its own in a temporary folder, for tests: the real module, driven by the real `pkcs11-tool`. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PIN = '4711-hush';
/** Debian and Fedora put it in different folders. */
export const MODULE = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'].find(existsSync) ?? '';

export interface TestToken {
  readonly dir: string;
  /** The environment in which the module finds its tokens. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pinFile: string;
  addToken(label: string): void;
  addKey(label: string, idHex: string, type: 'EC:prime256v1' | 'EC:edwards25519', token?: string): void;
  /** With module and PIN file. */
  uri(attributes: string): string;
}

/** With one token, `dev`, and no keys. */
export async function testToken(): Promise<TestToken> {
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-token-'));
  await mkdir(join(dir, 'tokens'));
  const conf = join(dir, 'softhsm2.conf');
  await writeFile(
    conf,
    `directories.tokendir = ${join(dir, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const pinFile = join(dir, 'pin');
  await writeFile(pinFile, `${PIN}\n`, { mode: 0o600 });
  const env = { ...process.env, SOFTHSM2_CONF: conf, TEST_PIN: PIN };
  const run = (program: string, args: readonly string[]) => execFileSync(program, args, { env, stdio: 'pipe' });
  const made: TestToken = {
    dir,
    env: { ...process.env, SOFTHSM2_CONF: conf },
    pinFile,
    addToken: label => {
      run('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', '87654321', '--pin', PIN]);
    },
    addKey: (label, id, type, token = 'dev') => {
      const key = ['--keypairgen', '--key-type', type, '--id', id, '--label', label];
      run('pkcs11-tool', ['--module', MODULE, '--token-label', token, '--login', '--pin', 'env:TEST_PIN', ...key]);
    },
    uri: attributes => `pkcs11:${attributes}?module-path=${MODULE}&pin-source=file:${pinFile}`,
  };
  made.addToken('dev');
  return made;
}
