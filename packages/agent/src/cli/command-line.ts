/**
 * What was typed, read by a table of commands: which command, its options and its arguments, or the help that was asked
 * for. Pure. Node's `parseArgs` splits the words; a library for this would be a seventh of all that a device carries.
 */
import { parseArgs } from 'node:util';
import { CommandError, EXIT } from './exit-code.ts';

export interface CommandOption {
  readonly says: string;
  /** How its value is shown: `<file>`, or `[label]` where it may be left out. A switch where there is none. */
  readonly value?: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  /** Makes the value of the text. @throws CommandError usage */
  readonly read?: (text: string) => unknown;
  /** May be given again: the value is a list. */
  readonly isList?: boolean;
  /** Names of options that it contradicts. */
  readonly conflicts?: readonly string[];
}

export interface CommandArgument {
  readonly name: string;
  readonly says: string;
  readonly isOptional?: boolean;
  /** Takes all that follows: the value is a list. */
  readonly isList?: boolean;
  readonly choices?: readonly string[];
  readonly read?: (text: string) => unknown;
}

export interface Command {
  readonly says: string;
  /** By their names as they are typed, without the dashes. */
  readonly options: Readonly<Record<string, CommandOption>>;
  readonly argument?: CommandArgument;
  /** Options come by their names in camel case. */
  readonly run: (options: never, argument: never) => Promise<void>;
}

export interface Program {
  readonly name: string;
  readonly says: string;
  readonly after: string;
  /** By the word, or the words, that call them. */
  readonly commands: Readonly<Record<string, Command>>;
}

export type Typed =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'run'; readonly run: () => Promise<void> };

type Given = Readonly<Record<string, readonly (string | boolean)[] | undefined>>;

/** @throws CommandError usage */
export function readCommandLine(program: Program, words: readonly string[]): Typed {
  const { values, positionals } = split(program, words);
  const name = commandIn(program, positionals);
  const command = name === undefined ? undefined : program.commands[name];
  if (name === undefined || !command) {
    if (values['help'] || positionals[0] === 'help') return { kind: 'help', text: helpOf(program) };
    throw usage(
      positionals[0] === undefined
        ? helpOf(program)
        : `unknown command '${positionals[0]}': see ${program.name} --help`,
    );
  }
  if (values['help']) return { kind: 'help', text: helpOfCommand(program, name, command) };
  const options = readOptions(name, command, values);
  const argument = readArgument(command, positionals.slice(name.split(' ').length));
  return { kind: 'run', run: () => command.run(options as never, argument as never) };
}

/** By the options of all commands: one that takes a value does so wherever it stands. */
function split({ commands }: Program, words: readonly string[]) {
  const known = Object.assign({}, ...Object.values(commands).map(c => c.options)) as Command['options'];
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  const help = { help: { type: 'boolean' as const, short: 'h', multiple: true } };
  const isLeftOut = (word: string, next = '-') =>
    known[word.slice(2)]?.value?.startsWith('[') === true && word.startsWith('--') && next.startsWith('-');
  const args = words.map((word, i) => (isLeftOut(word, words[i + 1]) ? `${word}=` : word));
  try {
    const parsed = parseArgs({ args, options: { ...options, ...help }, allowPositionals: true });
    return { values: parsed.values as Given, positionals: parsed.positionals };
  } catch (error) {
    throw usage((error as Error).message);
  }
}

/** The longest name that the words begin with. */
function commandIn({ commands }: Program, words: readonly string[]): string | undefined {
  return [words.slice(0, 2).join(' '), words[0] ?? ''].find(name => Object.hasOwn(commands, name));
}

function readOptions(name: string, command: Command, values: Given): Readonly<Record<string, unknown>> {
  const unknown = Object.keys(values).find(word => !Object.hasOwn(command.options, word));
  if (unknown !== undefined) throw usage(`${name} has no option --${unknown}`);
  const options: Record<string, unknown> = {};
  for (const [word, option] of Object.entries(command.options)) {
    const given = values[word];
    const value = given
      ? readOption(word, option, given)
      : (option.default ?? (option.isList === true ? [] : undefined));
    if (value !== undefined) options[camelCase(word)] = value;
    const other = given && option.conflicts?.find(conflict => values[conflict]);
    if (other !== undefined) throw usage(`--${word} cannot be used with --${other}`);
  }
  return options;
}

function readOption(word: string, option: CommandOption, given: readonly (string | boolean)[]): unknown {
  if (option.isList !== true && given.length > 1) throw usage(`--${word} is given twice`);
  const values = given.map(text =>
    typeof text === 'boolean' || text === '' ? true : readText(`--${word}`, option, text),
  );
  return option.isList === true ? values : values[0];
}

function readArgument({ argument }: Command, rest: readonly string[]): unknown {
  if (!argument) {
    if (rest[0] !== undefined) throw usage(`'${rest[0]}' is one word too many`);
    return undefined;
  }
  const values = rest.map(text => readText(argument.name, argument, text));
  if (argument.isList === true) return values;
  if (rest.length > 1) throw usage(`'${rest[1]}' is one word too many`);
  if (rest.length === 0 && argument.isOptional !== true) throw usage(`${shown(argument)} is missing: ${argument.says}`);
  return values[0];
}

function readText(name: string, { choices, read }: Pick<CommandOption, 'choices' | 'read'>, text: string): unknown {
  if (choices && !choices.includes(text)) throw usage(`${name} is one of ${choices.join(', ')}, not '${text}'`);
  return read ? read(text) : text;
}

/** @returns an error of wrong usage */
export function usage(message: string): CommandError {
  return new CommandError(EXIT.usage, message);
}

function helpOf({ name, says, commands, after }: Program): string {
  const rows = Object.entries(commands).map(
    ([words, c]) => [[words, ...shownAll(c.argument)].join(' '), c.says] as const,
  );
  return `Usage: ${name} COMMAND [options]\n\n${says}\n\nCommands:\n${table(rows)}\n\nOptions of each: ${name} COMMAND --help\n${after}\n`;
}

function helpOfCommand(program: Program, name: string, { says, argument, options }: Command): string {
  const rows = [
    ...(argument ? [[shown(argument), argument.says + choicesOf(argument)] as const] : []),
    ...Object.entries(options).map(
      ([word, o]) =>
        [
          `--${word}${o.value === undefined ? '' : ` ${o.value}`}`,
          `${o.says}${choicesOf(o)}${o.default === undefined ? '' : ` (unless given: ${o.default})`}`,
        ] as const,
    ),
  ];
  return `Usage: ${[program.name, name, ...shownAll(argument), '[options]'].join(' ')}\n\n${says}\n\n${table(rows)}\n`;
}

function choicesOf({ choices }: Pick<CommandOption, 'choices'>): string {
  return choices ? ` (${choices.join(', ')})` : '';
}

function shownAll(argument: CommandArgument | undefined): string[] {
  return argument ? [shown(argument)] : [];
}

function shown({ name, isOptional, isList }: CommandArgument): string {
  const words = isList === true ? `${name}...` : name;
  return isOptional === true ? `[${words}]` : `<${words}>`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}

function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
