/** `enrol`: makes the device known to its server and answers the setup question. May be run again. */
import { readFile, stat } from 'node:fs/promises';
import { pino } from 'pino';
import { enrolDevice } from '../agent.ts';
import { readConfig } from '../config.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { surroundings } from './surroundings.ts';

export interface EnrolOptions {
  readonly config: string;
  readonly claimTokenFile?: string;
  readonly auto?: boolean;
  readonly json?: boolean;
}

const TOKEN_FILE_BYTES_MAX = 1024;

export async function enrol(options: EnrolOptions): Promise<void> {
  const config = await readConfig(options.config);
  const claimToken = options.claimTokenFile === undefined ? undefined : await readToken(options.claimTokenFile);
  const around = surroundings(pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true })));
  const enrolled = await enrolDevice(config, around, { claimToken, automatic: options.auto });
  if (options.json) process.stdout.write(`${JSON.stringify(enrolled)}\n`);
  else
    process.stdout.write(
      `${enrolled.isNew ? 'Enrolled' : 'Was enrolled already'} as ${enrolled.deviceId} (${enrolled.product})\n`,
    );
}

async function readToken(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > TOKEN_FILE_BYTES_MAX) throw new Error('it is too long for a claim token');
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new CommandError(EXIT.usage, `the claim token in ${file} cannot be read: ${(error as Error).message}`, error);
  }
}
