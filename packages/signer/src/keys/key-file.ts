/**
 * Key files: the public half in the open, the private one sealed under a passphrase. The open part is bound to the
 * sealed one, so that nobody can swap the public key or the owner's kind in a file. Written once, never replaced.
 */
import { basename } from 'node:path';
import { closed, jsonParser, NAME_PATTERN, Sha256, TufKey } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { type Static, Type } from 'typebox';
import { SignerError } from '../signer-error.ts';
import { KeyKindName, type KeyKind } from '../store/config.ts';
import { createDurably, readBounded } from '../store/durable-file.ts';
import { keyId, type KeyType } from '../tuf/key.ts';
import { memorySigner, newPrivateKey, publicKeyOf } from './private-key.ts';
import { SCRYPT_COST, seal, Sealed, unseal } from './seal.ts';
import type { PublicKey, Signer } from './signer.ts';

const KEY_FILE_BYTES = 16 * 1024;
const PASSPHRASE_CHARS_MIN = 12;

export const KeyFile = closed({
  version: Type.Literal(1),
  keyid: Sha256,
  scheme: Type.Enum(['ed25519', 'ecdsa-sha2-nistp256']),
  public: TufKey,
  kind: KeyKindName,
  sealed: Sealed,
});
export type KeyFile = Static<typeof KeyFile>;

const parseKeyFile = jsonParser(KeyFile);

export interface NewKey {
  readonly passphrase: string;
  readonly kind: KeyKind;
  /** Ed25519 unless set. */
  readonly type?: KeyType | undefined;
  /** scrypt's N. Lower than the default only where many throw-away keys are made, as in tests. */
  readonly scrypt?: { readonly N: number };
}

/** Makes a key and writes its file (mode 0600). @throws SignerError `key-exists`, `passphrase-weak` */
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

/** The public half, without a passphrase. The key's name is the file's name. */
export async function readPublicKey(path: string): Promise<PublicKey> {
  const { keyid, public: key, kind } = await readKeyFile(path);
  return { name: keyName(path), keyid, key, kind };
}

/** @throws SignerError `key-access`, `key-file-invalid`, `passphrase-wrong` */
export async function openKeyFile(path: string, passphrase: string): Promise<Signer> {
  const file = await readKeyFile(path);
  const { sealed, ...open } = file;
  return memorySigner(await unseal(sealed, passphrase, bound(open)), file.public);
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const bytes = await readBounded(path, KEY_FILE_BYTES).catch((cause: Error) => {
    throw new SignerError('key-access', cause.message, { cause });
  });
  if (!bytes) throw new SignerError('key-access', `There is no key file ${path}.`);
  const parsed = parseKeyFile(bytes.toString('utf8'));
  if (!parsed.ok) {
    const { path: at, message } = parsed.fault;
    throw new SignerError('key-file-invalid', `${path} is no key file: ${at || 'it'} ${message}.`);
  }
  const { public: key, scheme, keyid } = parsed.value;
  if (key.scheme !== scheme || keyId(key) !== keyid) {
    throw new SignerError('key-file-invalid', `${path} names a scheme or a key id that is not that of its public key.`);
  }
  return parsed.value;
}

function bound(open: Omit<KeyFile, 'sealed'>): Buffer {
  return Buffer.from(canonicalize(open), 'utf8');
}

function keyName(path: string): string {
  const name = basename(path, '.json');
  if (!new RegExp(NAME_PATTERN).test(name)) {
    throw new SignerError(
      'name-invalid',
      `"${name}" is no name for a key: use lowercase letters, digits and -, 32 at most.`,
    );
  }
  return name;
}
