/** `enrol`: makes the device known to its server and answers the setup question. May be run again. */
import { readFile, stat } from 'node:fs/promises';
import { enrolDevice } from '../agent.ts';
import { readConfig } from '../config.ts';
import { createLog } from '../log.ts';
import type { EnrolWay } from '../ports.ts';
import { CommandError, EXIT } from './exit-code.ts';
import { surroundings, writeTo } from './surroundings.ts';

export interface EnrolOptions {
  readonly config: string;
  readonly claimTokenFile?: string;
  readonly registeredKey?: boolean;
  readonly certificate?: string;
  readonly auto?: boolean;
  readonly json?: boolean;
}

const TOKEN_FILE_BYTES_MAX = 1024;
const CERTIFICATE_FILE_BYTES_MAX = 64 * 1024;

export async function enrol(options: EnrolOptions): Promise<void> {
  const config = await readConfig(options.config);
  const way = await wayOf(options);
  const around = surroundings(createLog(writeTo(2), 'warn'));
  const enrolled = await enrolDevice(config, around, { way: () => way ?? noWay(), automatic: options.auto });
  if (options.json) process.stdout.write(`${JSON.stringify(enrolled)}\n`);
  else
    process.stdout.write(
      `${enrolled.isNew ? 'Enrolled' : 'Was enrolled already'} as ${enrolled.deviceId} (${enrolled.product})\n`,
    );
}

function noWay(): never {
  throw new CommandError(
    EXIT.usage,
    'the device is not enrolled yet: give --claim-token-file, --registered-key or --certificate',
  );
}

async function wayOf({ claimTokenFile, registeredKey, certificate }: EnrolOptions): Promise<EnrolWay | undefined> {
  if (claimTokenFile !== undefined) {
    const text = await readSmall(claimTokenFile, 'claim token', TOKEN_FILE_BYTES_MAX);
    return { by: 'claim-token', claimToken: text.trim() };
  }
  if (certificate !== undefined) {
    const text = await readSmall(certificate, 'certificate', CERTIFICATE_FILE_BYTES_MAX);
    return { by: 'certificate', certificate: text };
  }
  return registeredKey ? { by: 'registered-key' } : undefined;
}

async function readSmall(file: string, what: string, bytesMax: number): Promise<string> {
  try {
    if ((await stat(file)).size > bytesMax) throw new Error(`it is too long for a ${what}`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `the ${what} in ${file} cannot be read: ${(error as Error).message}`, error);
  }
}
