/** Where a passphrase comes from: a file, the environment, or a person. Never asked for where nobody can answer. */
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import type { Terminal } from './terminal.ts';

const FILE_BYTES = 4096;
const VARIABLE = 'TIDEGATE_PASSPHRASE';

/** @param what the key, for the question @throws SignerError `passphrase-missing`, `key-access` */
export async function passphraseFor(what: string, file: string | undefined, terminal: Terminal): Promise<string> {
  if (file !== undefined) {
    const bytes = await readBounded(file, FILE_BYTES);
    if (!bytes) throw new SignerError('key-access', `There is no passphrase file ${file}.`);
    return bytes.toString('utf8').replace(/\r?\n$/, '');
  }
  const said = terminal.env[VARIABLE];
  if (said !== undefined && said !== '') return said;
  if (terminal.askSecret) return terminal.askSecret(`Passphrase of ${what}: `);
  throw new SignerError(
    'passphrase-missing',
    `The passphrase of ${what} is needed: give --passphrase-file, set ${VARIABLE}, or run this in a terminal.`,
  );
}
