/** The two ways out for a command's result: lines for people, one JSON value for programs. All that people see passes `clean`. */
import type { Terminal } from '../terminal.ts';
import { clean, jsonText } from './clean.ts';

/** What decides how a result is shown. */
export interface Shown {
  readonly json?: boolean;
}

/** Lines for people on standard output. */
export function say(terminal: Terminal, ...lines: readonly string[]): void {
  terminal.out(lines.map(line => `${clean(line)}\n`).join(''));
}

/** Lines for people on standard error: progress, warnings, questions' reasons. */
export function tell(terminal: Terminal, ...lines: readonly string[]): void {
  terminal.err(lines.map(line => `${clean(line)}\n`).join(''));
}

/** The value for programs, or the lines for people. */
export function show(terminal: Terminal, options: Shown, value: unknown, lines: () => readonly string[]): void {
  if (options.json === true) terminal.out(`${jsonText(value)}\n`);
  else say(terminal, ...lines());
}
