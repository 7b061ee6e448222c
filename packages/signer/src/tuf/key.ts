/** Public keys as TUF writes them, their ids, and the check of a signature by the platform's own cryptography. */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { Ed25519Key, TufKey } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { SignerError } from '../signer-error.ts';

/** What a key's bits are; the name of it for people, in commands and files. */
export const KEY_TYPES = ['ed25519', 'ecdsa-p256'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

export function ed25519Key(publicHex: string): Ed25519Key {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
}

export function keyTypeOf(key: TufKey): KeyType {
  return key.keytype === 'ed25519' ? 'ed25519' : 'ecdsa-p256';
}

/** SHA-256 of the key's canonical JSON, lowercase hex (TUF 4.2). */
export function keyId(key: TufKey): string {
  return hash('sha256', canonicalize(key), 'hex');
}

const SPKI_ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
/** Up to and with the mark of an uncompressed point: x and y follow. */
const SPKI_P256_PREFIX = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

/**
 * A public key that a token or a key service told, in the one writing that lists know.
 * @param spki SubjectPublicKeyInfo, DER @throws SignerError `key-type-unknown` for anything but Ed25519 and P-256
 */
export function tufKeyOf(spki: Uint8Array): TufKey {
  try {
    const {
      kty,
      crv,
      x = '',
      y = '',
    } = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({
      format: 'jwk',
    });
    if (kty === 'OKP' && crv === 'Ed25519') return ed25519Key(Buffer.from(x, 'base64url').toString('hex'));
    if (kty === 'EC' && crv === 'P-256') {
      return p256Key(Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]));
    }
  } catch (cause) {
    throw new SignerError('key-type-unknown', 'The key cannot be read as a public key.', { cause });
  }
  throw new SignerError('key-type-unknown', 'The key is neither Ed25519 nor ECDSA P-256; only these are used here.');
}

/** @param point x and y, 32 bytes each */
export function p256Key(point: Uint8Array): TufKey {
  const base64 = Buffer.concat([SPKI_P256_PREFIX, point]).toString('base64');
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64.slice(0, 64)}\n${base64.slice(64)}\n-----END PUBLIC KEY-----\n`;
  return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
}

function publicKeyObject(key: TufKey): KeyObject {
  if (key.keytype === 'ecdsa') return createPublicKey(key.keyval.public);
  const der = Buffer.concat([SPKI_ED25519_PREFIX, Buffer.from(key.keyval.public, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** @param signature 64 bytes for Ed25519, DER for ECDSA. Never throws: what cannot be read does not verify. */
export function signatureHolds(key: TufKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(key.keytype === 'ecdsa' ? 'sha256' : null, bytes, publicKeyObject(key), signature);
  } catch {
    return false;
  }
}
