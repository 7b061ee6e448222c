/** What a command may use of the outside: output, environment, clock, and questions to a person where there is one. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: Clock;
  readonly pause: (milliseconds: number) => Promise<unknown>;
  /** Progress and colours make sense. */
  readonly live: boolean;
  /** Asks without echo; undefined where nobody is there to answer. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** Asks for a yes; undefined where nobody is there to answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
}

export function processTerminal(): Terminal {
  const somebodyIsThere = process.stdin.isTTY && process.stderr.isTTY;
  return {
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    env: process.env,
    now: systemClock,
    pause: setTimeout,
    live: process.stderr.isTTY,
    askSecret: somebodyIsThere ? askSecret : undefined,
    confirm: somebodyIsThere ? confirm : undefined,
  };
}

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
