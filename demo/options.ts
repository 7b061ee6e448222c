/** The command line of the demonstration. */
import { Command, InvalidArgumentError, Option } from 'commander';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly devices: number;
  readonly data: string;
  readonly port: number;
}

const MAX_DEVICES = 50;

/** @throws CommanderError (exit code 2) where the words are off */
export function readOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm start --')
    .description('Signs firmware, rolls it out to a fleet of real agents, breaks a release, attacks the server.')
    .option('--once', 'end with the summary instead of keeping the server up', false)
    .option('--json', 'print the summary as one JSON line at the end of standard output', false)
    .addOption(
      new Option('--devices <n>', `how many devices take part, 1 to ${MAX_DEVICES}`).argParser(devices).default(10),
    )
    .option('--data <folder>', 'where keys, database and devices of the runs lie', './tidegate-data')
    .addOption(
      new Option('--port <n>', "port of the server's device API; 0 picks a free one").argParser(port).default(0),
    )
    .addHelpText(
      'after',
      `
Examples:
  npm start                           the whole story; the server stays up until Ctrl-C
  npm start -- --once --json          for scripts: ends by itself, exit code 0, one JSON line last
  npm start -- --devices 3 --once     a smaller fleet`,
    )
    .exitOverride(error => {
      throw Object.assign(error, { exitCode: error.exitCode === 0 ? 0 : 2 });
    });
  return program.parse(argv, { from: 'user' }).opts<DemoOptions>();
}

function devices(text: string): number {
  return integer(text, 1, MAX_DEVICES);
}

function port(text: string): number {
  return integer(text, 0, 65_535);
}

function integer(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  return value;
}
