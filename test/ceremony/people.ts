/** People with a folder each, as with a machine each: what one needs of another goes through files that are handed over. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateKeyFile, type KeyKind, publicKeyText, readPublicKey } from '@tidegate/signer';
import { runToEnd } from '../src/child.ts';

const CLI = fileURLToPath(new URL('../../packages/signer/src/cli.ts', import.meta.url));
const PASSPHRASE = 'a passphrase of a test';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Person {
  readonly name: string;
  readonly dir: string;
  /** The signer, run in this folder. */
  run(...args: readonly string[]): Promise<Ran>;
  /** The same, which must exit with 0. @returns what it printed */
  does(...args: readonly string[]): Promise<string>;
  /** Makes a key of this person's and a file of its public half. @returns the file */
  makesKey(name: string, kind?: KeyKind): Promise<string>;
  /** Hands a file over: a copy of it lies in the other's folder. @returns its name there */
  gives(other: Person, file: string): Promise<string>;
}

export async function person(world: string, name: string): Promise<Person> {
  const dir = join(world, name);
  await mkdir(join(dir, 'keys'), { recursive: true });
  const run = (...args: readonly string[]) =>
    runToEnd([CLI, ...args], {
      cwd: dir,
      env: { TIDEGATE_PASSPHRASE: PASSPHRASE, NODE_COMPILE_CACHE: join(world, '.compile-cache') },
    });
  const does = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await run(...args, '--keys', 'keys');
    if (code !== 0) throw new Error(`${name}: ${args.join(' ')} exited with ${code}: ${stderr}`);
    return stdout;
  };
  return {
    name,
    dir,
    run: (...args) => run(...args, '--keys', 'keys'),
    does,
    makesKey: async (key, kind = 'person') => {
      const path = join(dir, 'keys', `${key}.json`);
      await generateKeyFile(path, { passphrase: PASSPHRASE, kind, scrypt: { N: 1024 } });
      await writeFile(join(dir, `${key}.pub.json`), publicKeyText(await readPublicKey(path)));
      return `${key}.pub.json`;
    },
    gives: async (other, file) => {
      await copyFile(join(dir, file), join(other.dir, basename(file)));
      return basename(file);
    },
  };
}
