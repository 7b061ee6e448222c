/**
 * Key references: the public half of a key that is kept elsewhere, and the URI by which it is reached. Nothing in one is
 * secret. Written once, after the key has proved itself by a signature.
 */
import { randomBytes } from 'node:crypto';
import { closed, parser } from '@tidegate/protocol';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import type { KeyKind } from '../store/config.ts';
import { createDurably } from '../store/durable-file.ts';
import { keyId } from '../tuf/key.ts';
import { openPart } from './key-file.ts';
import { keyName } from './key-name.ts';
import type { Signer } from './signer.ts';

/** Never a file's: a reference does not lead to another. */
const Uri = Type.String({ pattern: '^(env|pkcs11|awskms|gcpkms|exec):', maxLength: 2000 });
const parseUri = parser(Uri);

export const KeyReference = closed({ ...openPart, uri: Uri });
export type KeyReference = Static<typeof KeyReference>;

export interface NewReference {
  readonly uri: string;
  readonly kind: KeyKind;
}

/** Has the key sign what can be no list, and writes its reference. @throws SignerError `key-exists`, `signature-invalid` */
export async function writeKeyReference(path: string, wanted: NewReference, signer: Signer): Promise<KeyReference> {
  keyName(path);
  if (!parseUri(wanted.uri).ok) {
    throw new SignerError(
      'key-uri-invalid',
      'A key reference takes the URI of a key that is kept elsewhere, not a file.',
    );
  }
  await signer.sign(Buffer.concat([Buffer.from('tidegate-signer: a challenge\0'), randomBytes(32)]));
  const key = signer.publicKey();
  const reference: KeyReference = {
    version: 1,
    keyid: keyId(key),
    scheme: key.scheme,
    public: key,
    kind: wanted.kind,
    uri: wanted.uri,
  };
  if (!(await createDurably(path, `${JSON.stringify(reference, null, 2)}\n`))) {
    throw new SignerError('key-exists', `${path} is there already; a key is never replaced. Choose another name.`);
  }
  return reference;
}
