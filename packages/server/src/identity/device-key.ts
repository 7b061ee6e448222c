/** A device's public key: Ed25519 only, and only in the one encoding that node:crypto itself would write. */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** @param spki SubjectPublicKeyInfo, DER. Undefined where it is not such a key, or not in its canonical form. */
export function readDeviceKey(spki: Buffer): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') return undefined;
    return key.export({ format: 'der', type: 'spki' }).equals(spki) ? key : undefined;
  } catch {
    return undefined;
  }
}

/** @param signature base64url */
export function isSignedBy(key: KeyObject, payload: string, signature: string): boolean {
  return verify(null, Buffer.from(payload), key, Buffer.from(signature, 'base64url'));
}
