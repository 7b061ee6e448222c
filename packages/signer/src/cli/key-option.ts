/** Keys as they are named on the command line: `file:PATH`, or for public halves also a name in the keys' folder. */
import { join } from 'node:path';
import { readPublicKey } from '../keys/key-file.ts';
import { keyFilePath, signerFromUri } from '../keys/key-uri.ts';
import { readPublicKeyFile } from '../keys/public-key-file.ts';
import type { PublicKey, Signer } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import type { Common } from './command.ts';
import { passphraseFor } from './passphrase.ts';
import type { Terminal } from './terminal.ts';

/** How files of public halves end, so that they can lie beside key files. */
export const PUBLIC_SUFFIX = '.pub.json';

const NAME = /^[a-z][a-z0-9-]*$/;

export function keysFolder(common: Common): string {
  return common.keys ?? join(common.repo, 'keys');
}

/** A bare name stands for the file of that name in the keys' folder. */
function keyUri(text: string, common: Common): string {
  return NAME.test(text) ? `file:${join(keysFolder(common), `${text}.json`)}` : text;
}

/** The public half of a key, of which the private half need not be here. */
export async function publicKey(text: string, common: Common): Promise<PublicKey> {
  if (text.endsWith(PUBLIC_SUFFIX)) return readPublicKeyFile(text.replace(/^file:/, ''));
  try {
    return await readPublicKey(keyFilePath(keyUri(text, common)));
  } catch (error) {
    if (!NAME.test(text) || !(error instanceof SignerError) || error.code !== 'key-access') throw error;
    return readPublicKeyFile(join(keysFolder(common), `${text}${PUBLIC_SUFFIX}`));
  }
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
