/** Signs with a seed in memory. The only use of a private key in this package, and the only use of @noble/ed25519. */
import { getPublicKeyAsync, signAsync } from '@noble/ed25519';
import { ed25519Key, type TufKey } from '../tuf/key.ts';
import type { Signer } from './signer.ts';

/** @param seed 32 random bytes */
export async function publicKeyOf(seed: Uint8Array): Promise<TufKey> {
  return ed25519Key(Buffer.from(await getPublicKeyAsync(seed)).toString('hex'));
}

/** @param key the declared public half: what is signed is later verified against it, not against the seed */
export function seedSigner(seed: Uint8Array, key: TufKey): Signer {
  return { publicKey: () => key, sign: bytes => signAsync(bytes, seed) };
}
