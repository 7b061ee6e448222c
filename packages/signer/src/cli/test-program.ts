/** The signer's command line in this process, for tests: nobody is at its terminal, and the clock stands still. */
import { PASSPHRASE, START } from '../test-repository.ts';
import { run } from './program.ts';
import type { Terminal } from './terminal.ts';

export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @param said what a test's terminal has otherwise */
export async function runHere(
  args: readonly string[],
  said: Partial<Pick<Terminal, 'env' | 'confirm'>> = {},
): Promise<Printed> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(args, {
    out: text => out.push(text),
    err: text => err.push(text),
    env: { TIDEGATE_PASSPHRASE: PASSPHRASE },
    now: () => START,
    pause: async () => {},
    live: false,
    askSecret: undefined,
    confirm: undefined,
    ...said,
  });
  return { code, out: out.join(''), err: err.join('') };
}
