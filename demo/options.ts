/** The command line of the demonstration. */
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { checkVersion, FIRMWARE_BYTES_MAX, type FirmwareFile, inspectFirmware } from './firmware-file.ts';

export interface DemoOptions {
  readonly once: boolean;
  readonly json: boolean;
  readonly devices: number;
  readonly data: string;
  readonly port: number;
  readonly firmware?: FirmwareFile;
}

const MAX_DEVICES = 50;
/** npm runs commands in the project's folder; paths are meant from where the user stood. */
const CWD = process.env['INIT_CWD'] ?? process.cwd();

/** @throws CommanderError (exit code 2) where the words are off */
export function readOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm start --')
    .description('Signs firmware, rolls it out to a fleet of real agents, breaks a release, attacks the server.')
    .option('--once', 'end with the summary instead of keeping the server up', false)
    .option('--json', 'print the summary as one JSON line at the end of standard output', false)
    .addOption(
      new Option('--devices <n>', `how many devices take part, 1 to ${MAX_DEVICES}`).argParser(devices).default(10),
    )
    .addOption(
      new Option(
        '--firmware <file>',
        `your own file, of up to ${FIRMWARE_BYTES_MAX / 1024 ** 2} MiB, as the good release`,
      ).argParser(firmware),
    )
    .addOption(new Option('--version <version>', 'its version, where its name does not tell it').argParser(version))
    .addOption(
      new Option('--data <folder>', 'where keys, database and devices of the runs lie')
        .argParser(text => resolve(CWD, text))
        .default('./tidegate-data'),
    )
    .addOption(
      new Option('--port <n>', "port of the server's device API; 0 picks a free one").argParser(port).default(0),
    )
    .addHelpText(
      'after',
      `
Examples:
  npm start                           the whole story; the server stays up until Ctrl-C
  npm start -- --once --json          for scripts: ends by itself, exit code 0, one JSON line last
  npm start -- --devices 3 --once     a smaller fleet
  npm start -- --firmware router.img  signs and rolls out your own file; the summary says where each device holds it`,
    )
    .exitOverride(error => {
      throw Object.assign(error, { exitCode: error.exitCode === 0 ? 0 : 2 });
    });
  const { version: told, ...options } = program
    .parse(argv, { from: 'user' })
    .opts<DemoOptions & { version?: string }>();
  if (told === undefined || options.firmware === undefined) {
    if (told !== undefined) program.error("error: option '--version <version>' says nothing without --firmware");
    return options;
  }
  return { ...options, firmware: { ...options.firmware, version: told } };
}

function firmware(text: string): FirmwareFile {
  return plainly(() => inspectFirmware(text, CWD));
}

function version(text: string): string {
  return plainly(() => checkVersion(text));
}

function plainly<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
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
