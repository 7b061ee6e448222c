/** Keys as they are named on the command line: `file:PATH`, or for public halves also a name in the keys' folder. */
import { join } from 'node:path';
import { readPublicKey } from '../keys/key-file.ts';
import { keyFilePath, signerFromUri } from '../keys/key-uri.ts';
import type { PublicKey, Signer } from '../keys/signer.ts';
import type { Common } from './command.ts';
import { passphraseFor } from './passphrase.ts';
import type { Terminal } from './terminal.ts';

export function keysFolder(common: Common): string {
  return common.keys ?? join(common.repo, 'keys');
}

/** A bare name stands for the file of that name in the keys' folder. */
function keyUri(text: string, common: Common): string {
  return /^[a-z][a-z0-9-]*$/.test(text) ? `file:${join(keysFolder(common), `${text}.json`)}` : text;
}

export function publicKey(text: string, common: Common): Promise<PublicKey> {
  return readPublicKey(keyFilePath(keyUri(text, common)));
}

export function publicKeys(texts: readonly string[], common: Common): Promise<PublicKey[]> {
  return Promise.all(texts.map(text => publicKey(text, common)));
}

export function signer(
  text: string,
  common: Common,
  terminal: Terminal,
  passphraseFile: string | undefined,
): Promise<Signer> {
  const uri = keyUri(text, common);
  return signerFromUri(uri, () => passphraseFor(uri, passphraseFile, terminal));
}
