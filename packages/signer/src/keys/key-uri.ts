/** Keys by URI: every scheme on one page. Another kind of place is another line here and a file beside. */
import { SignerError } from '../signer-error.ts';
import { openAwsKmsKey } from './aws-kms-key.ts';
import { CUSTODIES, type CustodyName, type KeyAccess, type OpenKey } from './custody.ts';
import { openEnvKey } from './env-key.ts';
import { openExecKey } from './exec-key.ts';
import { openGcpKmsKey } from './gcp-kms-key.ts';
import { readKeyDocument } from './key-document.ts';
import { unsealKey } from './key-file.ts';
import { openPkcs11Key } from './pkcs11-key.ts';
import { Signer } from './signer.ts';

const OPEN: Readonly<Record<Exclude<CustodyName, 'file'>, OpenKey>> = {
  env: openEnvKey,
  pkcs11: openPkcs11Key,
  awskms: openAwsKmsKey,
  gcpkms: openGcpKmsKey,
  exec: openExecKey,
};

export interface KeyUri {
  readonly scheme: CustodyName;
  readonly rest: string;
}

/** @throws SignerError `key-scheme-unknown` */
export function parseKeyUri(uri: string): KeyUri {
  const colon = uri.indexOf(':');
  const scheme = CUSTODIES.find(name => name === uri.slice(0, colon));
  const rest = uri.slice(colon + 1);
  if (scheme !== undefined && rest !== '') return { scheme, rest };
  throw new SignerError(
    'key-scheme-unknown',
    `"${uri}" is no key that can be used here. Name one as ${CUSTODIES.map(name => `${name}:…`).join(', ')}.`,
  );
}

/**
 * Opens the key that a URI names. A key reference's own URI is followed, and its public key is the declared one; else
 * the place is asked. Close the signer after use.
 */
export async function signerFromUri(uri: string, access: KeyAccess): Promise<Signer> {
  const { scheme, rest } = parseKeyUri(uri);
  if (scheme !== 'file') return openElsewhere(scheme, rest, access);
  const document = await readKeyDocument(rest);
  if ('sealed' in document) {
    const passphrase = await access.secret({ kind: 'passphrase', of: uri });
    return new Signer(document.public, await unsealKey(document, passphrase, 'file'));
  }
  const named = parseKeyUri(document.uri);
  if (named.scheme === 'file') throw new SignerError('key-file-invalid', `${rest} leads to another file.`);
  return new Signer(document.public, await OPEN[named.scheme](named.rest, access));
}

/** @throws SignerError `key-access`, `key-file-invalid`, `passphrase-wrong` */
export async function openKeyFile(path: string, passphrase: string): Promise<Signer> {
  return signerFromUri(`file:${path}`, { env: {}, secret: async () => passphrase });
}

async function openElsewhere(scheme: Exclude<CustodyName, 'file'>, rest: string, access: KeyAccess): Promise<Signer> {
  const kept = await OPEN[scheme](rest, access);
  try {
    return new Signer(await kept.publicKey(), kept);
  } catch (error) {
    await kept.close?.();
    throw error;
  }
}
