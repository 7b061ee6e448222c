/** Keys as they are named on the command line: a URI, or the name of a key in the keys' folder. */
import { join } from 'node:path';
import type { KeyAccess } from '../keys/custody.ts';
import { readPublicKey } from '../keys/key-document.ts';
import { PUBLIC_SUFFIX } from '../keys/key-name.ts';
import { parseKeyUri, signerFromUri } from '../keys/key-uri.ts';
import { readPublicKeyFile } from '../keys/public-key-file.ts';
import type { PublicKey, Signer } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import type { Common } from './command.ts';
import { passphraseFor, pinFor } from './secret.ts';
import type { Terminal } from './terminal.ts';

const NAME = /^[a-z][a-z0-9-]*$/;

export function keysFolder(common: Common): string {
  return common.keys ?? join(common.repo, 'keys');
}

/** A bare name stands for the file of that name in the keys' folder. */
function keyUri(text: string, common: Common): string {
  return NAME.test(text) ? `file:${join(keysFolder(common), `${text}.json`)}` : text;
}

/** The public half of a key, of which the private half need not be here: a role is given to what has a name and an owner. */
export async function publicKey(text: string, common: Common): Promise<PublicKey> {
  if (text.endsWith(PUBLIC_SUFFIX)) return readPublicKeyFile(text.replace(/^file:/, ''));
  const { scheme, rest } = parseKeyUri(keyUri(text, common));
  if (scheme !== 'file') {
    throw new SignerError(
      'usage',
      `${scheme}: keys need a name first: tidegate-signer key add NAME --uri '${text}', then give that name here.`,
    );
  }
  try {
    return await readPublicKey(rest);
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
  return signerFromUri(keyUri(text, common), keyAccess(terminal, passphraseFile));
}

export function keyAccess(terminal: Terminal, passphraseFile: string | undefined): KeyAccess {
  return {
    env: terminal.env,
    secret: ({ kind, of }) => (kind === 'pin' ? pinFor(of, terminal) : passphraseFor(of, passphraseFile, terminal)),
  };
}
