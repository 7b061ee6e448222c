/** The signer's command line as a process of its own, for tests. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { PASSPHRASE } from '../test-repository.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Nobody answers at its terminal: it has none. */
export function runCli(args: readonly string[], passphrase = PASSPHRASE): Promise<Ended> {
  const env = { ...process.env, TIDEGATE_PASSPHRASE: passphrase };
  return new Promise(resolve => {
    const child = execFile(
      process.execPath,
      [join(import.meta.dirname, '..', 'cli.ts'), ...args],
      { env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}
