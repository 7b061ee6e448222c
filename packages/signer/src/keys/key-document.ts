/** What lies in a keys folder: key files and key references. Bounded, checked, and never half believed. */
import { jsonParser } from '@tidegate/protocol';
import { Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { keyId } from '../tuf/key.ts';
import { KeyFile } from './key-file.ts';
import { keyName } from './key-name.ts';
import { KeyReference } from './key-reference.ts';
import type { PublicKey } from './signer.ts';

export type KeyDocument = KeyFile | KeyReference;

const DOCUMENT_BYTES = 16 * 1024;
const parseDocument = jsonParser(Type.Union([KeyFile, KeyReference]));

/** @throws SignerError `key-access`, `key-file-invalid` */
export async function readKeyDocument(path: string): Promise<KeyDocument> {
  const bytes = await readBounded(path, DOCUMENT_BYTES).catch((cause: Error) => {
    throw new SignerError('key-access', cause.message, { cause });
  });
  if (!bytes) throw new SignerError('key-access', `There is no key file ${path}.`);
  return keyDocument(bytes.toString('utf8'), path);
}

/** @param where for messages; the text itself is never shown @throws SignerError `key-file-invalid` */
export function keyDocument(text: string, where: string): KeyDocument {
  const parsed = parseDocument(text);
  if (!parsed.ok) {
    // The parser's own words on broken JSON quote it.
    const fault = parsed.fault.path ? `${parsed.fault.path} ${parsed.fault.message}` : 'it is no JSON of that form';
    throw new SignerError('key-file-invalid', `${where} is no key file: ${fault}.`);
  }
  const { public: key, scheme, keyid } = parsed.value;
  if (key.scheme !== scheme || keyId(key) !== keyid) {
    throw new SignerError('key-file-invalid', `${where} names a scheme or a key id that is not its public key's.`);
  }
  return parsed.value;
}

/** The public half, without a passphrase and without asking the place where the other is kept. */
export async function readPublicKey(path: string): Promise<PublicKey> {
  const document = await readKeyDocument(path);
  const { keyid, public: key, kind } = document;
  return { name: keyName(path), keyid, key, kind, ...('uri' in document && { uri: document.uri }) };
}
