/**
 * A device's public key: Ed25519, or ECDSA on P-256 for what lives in a TPM. Each in its one canonical encoding and no
 * other, so that a key is known by its bytes: no other curve, no parameters spelt out, no compressed point, nothing behind.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** What every SubjectPublicKeyInfo of the kind begins with (RFC 8410, RFC 5480), and how long the whole is. */
const KINDS = [
  { prefix: Buffer.from('302a300506032b6570032100', 'hex'), lengthBytes: 44 },
  { prefix: Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'), lengthBytes: 91 },
] as const;

/** What to say of a key that is neither. */
export const KEY_KINDS = 'an Ed25519 or P-256 public key in SPKI form';

/** @param spki SubjectPublicKeyInfo, DER. Undefined where it is not such a key, or its point is not on the curve. */
export function readDeviceKey(spki: Buffer): KeyObject | undefined {
  if (!KINDS.some(kind => spki.length === kind.lengthBytes && spki.indexOf(kind.prefix) === 0)) return undefined;
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** @param signature base64url; of an ECDSA key over SHA-256, in DER */
export function isSignedBy(key: KeyObject, payload: string, signature: string): boolean {
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(hash, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
}
