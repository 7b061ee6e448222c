/** What signs: a key whose private half may be anywhere: in a file, a token, a key service. */
import type { KeyKind } from '../store/config.ts';
import type { TufKey } from '../tuf/key.ts';

export interface Signer {
  publicKey(): TufKey;
  /** @returns 64 bytes of Ed25519 signature. Callers verify it before they keep it. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A public key and who holds it. */
export interface PublicKey {
  readonly name: string;
  readonly keyid: string;
  readonly key: TufKey;
  readonly kind: KeyKind;
}
