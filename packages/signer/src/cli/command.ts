/** What every command has in common: where it works, how it prints, and how its arguments become numbers and lists. */
import { Command, InvalidArgumentError } from 'commander';
import { Repository } from '../repository.ts';
import { json } from './print.ts';
import type { Terminal } from './terminal.ts';

/** Options that every command takes, before or after its name. */
export interface Common {
  readonly repo: string;
  readonly keys?: string;
  readonly json?: boolean;
}

export function openRepository(common: Common, terminal: Terminal): Promise<Repository> {
  return Repository.open(common.repo, { now: terminal.now });
}

/** One value for programs, or lines for people. */
export function show(terminal: Terminal, common: Common, value: unknown, lines: string): void {
  terminal.out(common.json === true ? json(value) : lines);
}

export function command(name: string, summary: string, examples: readonly string[]): Command {
  const indented = examples.map(line => `  $ tidegate-signer ${line}`).join('\n');
  return new Command(name).description(summary).addHelpText('after', `\nExamples:\n${indented}`);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return Number(text);
}

/** Gathers an option that is given more than once; commas separate too. */
export function gather(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map(part => part.trim())];
}

/** Gathers without splitting, for texts in which commas are commas. */
export function gatherText(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** `LEFT<mark>RIGHT`, both non-empty. */
export function pair(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at <= 0 || at === text.length - mark.length) throw new InvalidArgumentError(`Write it as ID${mark}VALUE.`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
