/** Runs a script in bash to its end; the product's commands are on its path under the names that the pages use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param env in place of that of this process, but for PATH and HOME */
export async function bash(
  script: string,
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const bin = await commandFolder(cwd);
  const child = spawn('bash', ['-s'], {
    cwd,
    env: {
      HOME: cwd,
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      NODE_COMPILE_CACHE: join(bin, 'compile-cache'),
      ...env,
    },
    stdio: 'pipe',
  });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  child.stdin.end(script);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: out.join(''), stderr: err.join('') };
}

/** The signer as a command: it reads no input, or it would read the script. */
async function commandFolder(cwd: string): Promise<string> {
  const folder = join(cwd, '.bin');
  await mkdir(folder, { recursive: true });
  const cli = fileURLToPath(new URL('../../packages/signer/src/cli.ts', import.meta.url));
  const path = join(folder, 'tidegate-signer');
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@" </dev/null\n`);
  await chmod(path, 0o755);
  return folder;
}
