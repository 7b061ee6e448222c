/** A terminal for tests: keeps what is written, of any size, with nobody there to answer. */
import type { Terminal } from './terminal.ts';

export interface TestTerminal extends Terminal {
  readonly text: { out: string; err: string };
}

export function testTerminal(
  env: Record<string, string> = {},
  size?: { readonly columns: number; readonly rows: number },
): TestTerminal {
  const text = { out: '', err: '' };
  return {
    text,
    out: more => {
      text.out += more;
    },
    err: more => {
      text.err += more;
    },
    env,
    now: () => new Date('2026-11-24T12:00:00Z'),
    size: () => size,
    errIsSeen: false,
    colour: false,
    ask: undefined,
    interrupted: new AbortController().signal,
  };
}
