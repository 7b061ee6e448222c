/**
 * Private halves in memory: 32 bytes each, an Ed25519 seed or a P-256 scalar. The only place where this package makes
 * or uses one, and the only use of @noble/ed25519. Whoever holds such bytes fills them with zeros after use.
 */
import { createECDH, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { getPublicKeyAsync, signAsync } from '@noble/ed25519';
import type { TufKey } from '@tidegate/protocol';
import { ed25519Key, type KeyType, keyTypeOf, p256Key } from '../tuf/key.ts';
import type { SignatureSource } from './signer.ts';

export const PRIVATE_BYTES = 32;
const CURVE = 'prime256v1';

export function newPrivateKey(type: KeyType): Buffer {
  if (type === 'ed25519') return randomBytes(PRIVATE_BYTES);
  const pair = createECDH(CURVE);
  pair.generateKeys();
  return wide(pair.getPrivateKey());
}

/** @throws Error where the bytes are no private key of that type */
export async function publicKeyOf(type: KeyType, secret: Uint8Array): Promise<TufKey> {
  if (type === 'ed25519') return ed25519Key(Buffer.from(await getPublicKeyAsync(secret)).toString('hex'));
  return p256Key(pointOf(secret).subarray(1));
}

/** Signs with bytes in memory, which are zeroed when it is closed. */
export function memorySource(secret: Uint8Array): SignatureSource {
  return {
    sign: async (bytes, key) => (keyTypeOf(key) === 'ed25519' ? signAsync(bytes, secret) : signP256(bytes, secret)),
    close: () => void secret.fill(0),
  };
}

const SEC1_START = Buffer.from('30770201010420', 'hex');
const SEC1_MIDDLE = Buffer.from('a00a06082a8648ce3d030107a144034200', 'hex');

function signP256(bytes: Uint8Array, secret: Uint8Array): Buffer {
  // As DER and not as JWK or PEM: texts cannot be zeroed.
  const der = Buffer.concat([SEC1_START, secret, SEC1_MIDDLE, pointOf(secret)]);
  try {
    return sign('sha256', bytes, createPrivateKey({ key: der, format: 'der', type: 'sec1' }));
  } finally {
    der.fill(0);
  }
}

/** The uncompressed point: a mark, x, y. */
function pointOf(secret: Uint8Array): Buffer {
  const pair = createECDH(CURVE);
  pair.setPrivateKey(secret);
  return pair.getPublicKey();
}

/** Node leaves leading zeros out. */
function wide(scalar: Buffer): Buffer {
  const whole = Buffer.alloc(PRIVATE_BYTES);
  scalar.copy(whole, PRIVATE_BYTES - scalar.length);
  scalar.fill(0);
  return whole;
}
