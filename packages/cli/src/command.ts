/** What every command has in common: its help with examples, and how its arguments become ids, numbers and shares. */
import {
  HEX_32_PATTERN,
  NAME_PATTERN,
  parseTargetPath,
  parseWindowRule,
  type Phase,
  SHA256_PATTERN,
  TAG_PATTERN,
  type WindowRule,
} from '@tidegate/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { CliError } from './cli-error.ts';
import type { Terminal } from './terminal.ts';

export function command(name: string, summary: string, examples: readonly string[]): Command {
  const indented = examples.map(line => `  $ tidegate ${line}`).join('\n');
  return new Command(name).description(summary).addHelpText('after', `\nExamples:\n${indented}`);
}

const HEX_32 = new RegExp(HEX_32_PATTERN);
const NAME = new RegExp(NAME_PATTERN);
const SHA_256 = new RegExp(SHA256_PATTERN);

export function hex32(text: string): string {
  if (!HEX_32.test(text))
    throw new InvalidArgumentError('Give 32 of the characters 0-9 and a-f, as the lists show them.');
  return text;
}

export function hex32List(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map(part => hex32(part.trim()))];
}

export function sha256(text: string): string {
  if (!SHA_256.test(text)) throw new InvalidArgumentError('Give 64 of the characters 0-9 and a-f.');
  return text;
}

export function name(text: string): string {
  if (!NAME.test(text))
    throw new InvalidArgumentError('A name has 1 to 32 of a-z, 0-9 and -, and begins with a letter.');
  return text;
}

export function targetPath(text: string): string {
  if (parseTargetPath(text) === undefined)
    throw new InvalidArgumentError('Give product/channel/component/version/file, as `tidegate release list` shows it.');
  return text;
}

const GROUP = new RegExp(TAG_PATTERN);

export function groupName(text: string): string {
  if (!GROUP.test(text)) throw new InvalidArgumentError('A group has 1 to 64 of a-z, 0-9, dot, dash and underscore.');
  return text;
}

/** A parser of whole numbers within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return text => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
    return value;
  };
}

/** `10%`, `0.5%` in basis points (1/100 of a percent). */
export function share(text: string): number {
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?\s?%$/.exec(text.trim());
  const value = match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : Number.NaN;
  if (!(value <= 10_000)) throw new InvalidArgumentError('Give a share such as 10% or 0.5%, at most 100%.');
  return value;
}

/**
 * `5dev,10%,100%`: numbers of devices and shares. A bare number is neither, and refused. That they grow is the
 * server's to judge.
 */
export function phaseList(text: string): readonly Phase[] {
  return text.split(',').map(part => {
    const devices = /^(\d{1,8})\s?dev(?:ices?)?$/.exec(part.trim())?.[1];
    if (devices !== undefined) return { devices: Number(devices) };
    if (!part.includes('%'))
      throw new InvalidArgumentError('Give shares such as 10%, or numbers of devices such as 5dev before them.');
    return { basisPoints: share(part) };
  });
}

/** `mon-fri 02:00-05:00`, one a time. */
export function windowRules(text: string, before: readonly WindowRule[] = []): readonly WindowRule[] {
  const parsed = parseWindowRule(text);
  if (parsed.ok) return [...before, parsed.value];
  const { path, message } = parsed.fault;
  throw new InvalidArgumentError(
    `${path === '' ? `«${text}»` : `The end of «${text}»`} ${message}. Write "mon-fri 02:00-05:00", "sat,sun 00:00-24:00" or "22:00-06:00".`,
  );
}

export function phaseText({ devices, basisPoints = 0 }: Phase): string {
  if (devices === undefined) return shareWords(basisPoints);
  return devices === 1 ? '1 device' : `${devices} devices`;
}

export function shareWords(basisPoints: number): string {
  return `${basisPoints / 100} %`;
}

/**
 * A person's yes before something that is not easily undone.
 * @throws CliError `not-confirmed` without one, also where nobody can be asked
 */
export async function confirm(terminal: Terminal, yes: boolean | undefined, question: string): Promise<void> {
  if (yes === true) return;
  if (!terminal.ask) throw new CliError('not-confirmed', 'Nobody is there to be asked: say --yes.');
  if (!(await terminal.ask(question))) throw new CliError('not-confirmed', 'Nothing was done.');
}
