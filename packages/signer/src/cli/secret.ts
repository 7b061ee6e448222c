/**
 * Where a passphrase or a PIN comes from: a file, the environment, or a person. Never an argument, since everyone on the
 * machine can read those, and never asked for where nobody can answer.
 */
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import type { Terminal } from './terminal.ts';

const FILE_BYTES = 4096;
const PASSPHRASE = 'TIDEGATE_PASSPHRASE';
const PIN = 'TIDEGATE_PIN';

/** @param what the key, for the question @throws SignerError `passphrase-missing`, `key-access` */
export async function passphraseFor(what: string, file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) {
    const bytes = await readBounded(file, FILE_BYTES);
    if (!bytes) throw new SignerError('key-access', `There is no passphrase file ${file}.`);
    return bytes.toString('utf8').replace(/\r?\n$/, '');
  }
  const given = said(terminal, PASSPHRASE) ?? (await terminal.askSecret?.(`Passphrase of ${what}: `));
  if (given !== undefined) return given;
  throw new SignerError(
    'passphrase-missing',
    `The passphrase of ${what} is needed: give --passphrase-file, set ${PASSPHRASE}, or run this in a terminal.`,
  );
}

/** @param what the token, for the question @throws SignerError `pin-missing` */
export async function pinFor(what: string, terminal: Terminal): Promise<string> {
  const given = said(terminal, PIN) ?? (await terminal.askSecret?.(`PIN of ${what}: `));
  if (given !== undefined) return given;
  throw new SignerError(
    'pin-missing',
    `The PIN of ${what} is needed: add ?pin-source=file:/path to the URI, set ${PIN}, or run this in a terminal.`,
  );
}

function said(terminal: Terminal, variable: string): string | undefined {
  const value = terminal.env[variable];
  return value === '' ? undefined : value;
}
