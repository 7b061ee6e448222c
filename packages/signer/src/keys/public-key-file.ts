/**
 * The public half of a key as a file of its own, to be given to others: no folder but its holder's ever has the private
 * half. Whoever takes one in compares its id with what the holder says, over another way than the file came.
 */
import { closed, jsonParser, Name, Sha256, TufKey } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import { KeyKindName } from '../store/config.ts';
import { readBounded } from '../store/durable-file.ts';
import { keyId } from '../tuf/key.ts';
import type { PublicKey } from './signer.ts';

const FILE_BYTES = 4096;

const PublicKeyFile = closed({
  format: Type.Literal('tidegate-public-key-1'),
  name: Name,
  keyid: Sha256,
  kind: KeyKindName,
  public: TufKey,
});
type PublicKeyFile = Static<typeof PublicKeyFile>;

const parseText = jsonParser(PublicKeyFile);

/** The text of the file. */
export function publicKeyText({ name, keyid, kind, key }: PublicKey): string {
  const file: PublicKeyFile = { format: 'tidegate-public-key-1', name, keyid, kind, public: key };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** @throws SignerError `key-access`, `key-file-invalid` */
export async function readPublicKeyFile(path: string): Promise<PublicKey> {
  const bytes = await readBounded(path, FILE_BYTES).catch((cause: Error) => {
    throw new SignerError('key-access', cause.message, { cause });
  });
  if (!bytes) throw new SignerError('key-access', `There is no public key file ${path}.`);
  const parsed = parseText(bytes.toString('utf8'));
  if (!parsed.ok) {
    const { path: at, message } = parsed.fault;
    throw new SignerError('key-file-invalid', `${path} is no public key file: ${at || 'it'} ${message}.`);
  }
  const { name, keyid, kind, public: key } = parsed.value;
  if (keyId(key) === keyid) return { name, keyid, key, kind };
  throw new SignerError('key-file-invalid', `${path} names a key id that is not that of its public key.`);
}
