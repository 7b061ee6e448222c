/** Public keys as TUF writes them, their ids, and the check of a signature by the platform's own Ed25519. */
import { createPublicKey, hash, verify, type KeyObject } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { type Static, Type } from 'typebox';

export const TufKey = Type.Object({
  keytype: Type.Literal('ed25519'),
  scheme: Type.Literal('ed25519'),
  /** 32 bytes in lowercase hex: one writing only, so that one key cannot stand under two ids. */
  keyval: Type.Object({ public: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, { additionalProperties: false }),
});
export type TufKey = Static<typeof TufKey>;

export function ed25519Key(publicHex: string): TufKey {
  return { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex } };
}

/** SHA-256 of the key's canonical JSON, lowercase hex (TUF 4.2). */
export function keyId(key: TufKey): string {
  return hash('sha256', canonicalize(key), 'hex');
}

const SPKI_ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

function publicKeyObject(key: TufKey): KeyObject {
  const der = Buffer.concat([SPKI_ED25519_PREFIX, Buffer.from(key.keyval.public, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

/** Never throws: a key or signature that cannot be read does not verify. */
export function signatureHolds(key: TufKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, bytes, publicKeyObject(key), signature);
  } catch {
    return false;
  }
}
