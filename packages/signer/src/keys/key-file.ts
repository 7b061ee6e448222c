/**
 * Key files: the public half in the open, the private one sealed under a passphrase. The open part is bound to the
 * sealed one, so that nobody can swap the public key or the owner's kind in a file. Written once, never replaced.
 */
import { closed, Sha256, TufKey } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import { KeyKindName, type KeyKind } from '../store/config.ts';
import { createDurably } from '../store/durable-file.ts';
import { keyId, type KeyType } from '../tuf/key.ts';
import type { CustodyName, KeptKey } from './custody.ts';
import { keyName } from './key-name.ts';
import { memorySource, newPrivateKey, publicKeyOf } from './private-key.ts';
import { SCRYPT_COST, seal, Sealed, unseal } from './seal.ts';

const PASSPHRASE_CHARS_MIN = 12;

/** What every document of a key says in the open. */
export const openPart = {
  version: Type.Literal(1),
  keyid: Sha256,
  scheme: Type.Enum(['ed25519', 'ecdsa-sha2-nistp256']),
  public: TufKey,
  kind: KeyKindName,
};

export const KeyFile = closed({ ...openPart, sealed: Sealed });
export type KeyFile = Static<typeof KeyFile>;

export interface NewKey {
  readonly passphrase: string;
  readonly kind: KeyKind;
  /** Ed25519 unless set. */
  readonly type?: KeyType | undefined;
  /** scrypt's N. Lower than the default only where many throw-away keys are made, as in tests. */
  readonly scrypt?: { readonly N: number };
}

/** Makes a key and writes its file (mode 0600). @throws SignerError `key-exists`, `passphrase-weak`, `name-invalid` */
export async function generateKeyFile(path: string, options: NewKey): Promise<KeyFile> {
  if (options.passphrase.length < PASSPHRASE_CHARS_MIN) {
    throw new SignerError('passphrase-weak', `A passphrase has at least ${PASSPHRASE_CHARS_MIN} characters.`);
  }
  keyName(path);
  const type = options.type ?? 'ed25519';
  const secret = newPrivateKey(type);
  try {
    const key = await publicKeyOf(type, secret);
    const open = { version: 1, keyid: keyId(key), scheme: key.scheme, public: key, kind: options.kind } as const;
    const sealed = await seal(secret, options.passphrase, bound(open), options.scrypt?.N ?? SCRYPT_COST);
    const file: KeyFile = { ...open, sealed };
    if (!(await createDurably(path, `${JSON.stringify(file, null, 2)}\n`, 0o600))) {
      throw new SignerError('key-exists', `${path} is there already; a key is never replaced. Choose another name.`);
    }
    return file;
  } finally {
    secret.fill(0);
  }
}

/** @throws SignerError `passphrase-wrong` */
export async function unsealKey(file: KeyFile, passphrase: string, custody: CustodyName): Promise<KeptKey> {
  const { sealed, ...open } = file;
  const source = memorySource(await unseal(sealed, passphrase, bound(open)));
  return { ...source, custody, publicKey: async () => file.public };
}

function bound(open: Omit<KeyFile, 'sealed'>): Buffer {
  return Buffer.from(canonicalize(open), 'utf8');
}
