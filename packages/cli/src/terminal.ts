/** What a command may use of the outside: output, environment, clock, Ctrl-C, and questions to a person where there is one. */
import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** Columns and rows of the terminal that `out` goes to; undefined where it is none. */
  readonly size: () => { readonly columns: number; readonly rows: number } | undefined;
  /** A person sees what goes to `err`. */
  readonly errIsSeen: boolean;
  readonly colour: boolean;
  /** Yes or no; undefined where nobody is there to answer. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  /** Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export function processTerminal(): Terminal {
  const { stdout, stderr, stdin, env } = process;
  const interrupt = new AbortController();
  // Once: a second Ctrl-C ends the process by the system's own rule, whatever it is doing.
  process.once('SIGINT', () => interrupt.abort());
  // Whoever reads the output has had enough, as `head` does.
  stdout.on('error', error => process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1));
  return {
    out: text => stdout.write(text),
    err: text => stderr.write(text),
    env,
    now: () => new Date(),
    size: () => (stdout.isTTY ? { columns: stdout.columns || 80, rows: stdout.rows || 24 } : undefined),
    errIsSeen: stderr.isTTY,
    colour: stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    ask: stdin.isTTY && stderr.isTTY ? question => ask(question, interrupt) : undefined,
    interrupted: interrupt.signal,
  };
}

async function ask(question: string, interrupt: AbortController): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.once('SIGINT', () => interrupt.abort());
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: interrupt.signal });
    return /^y(es)?$/i.test(answer.trim());
  } catch (cause) {
    process.stderr.write('\n');
    throw new CliError('interrupted', 'Nothing was done.', { cause });
  } finally {
    lines.close();
  }
}
