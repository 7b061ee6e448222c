/** Keys by URI, so that other kinds of key (tokens, key services) fit in beside files. Only `file:PATH` is known now. */
import { SignerError } from '../signer-error.ts';
import { openKeyFile } from './key-file.ts';
import type { Signer } from './signer.ts';

/** Takes the path out of `file:PATH`. @throws SignerError `key-scheme-unknown` */
export function keyFilePath(uri: string): string {
  if (uri.startsWith('file:') && uri.length > 'file:'.length) return uri.slice('file:'.length);
  throw new SignerError('key-scheme-unknown', `"${uri}" is no key that can be used here. Name one as file:PATH.`);
}

/** Opens the key that a URI names; the passphrase is asked for only when it is needed. */
export async function signerFromUri(uri: string, passphrase: () => Promise<string>): Promise<Signer> {
  const path = keyFilePath(uri);
  return openKeyFile(path, await passphrase());
}
