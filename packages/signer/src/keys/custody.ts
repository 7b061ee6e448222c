/** Where private halves are kept, by the schemes of key URIs, and what each kind of place must be able to do. */
import type { TufKey } from '@tidegate/protocol';
import type { SignatureSource } from './signer.ts';

export const CUSTODIES = ['file', 'env', 'pkcs11', 'awskms', 'gcpkms', 'exec'] as const;
export type CustodyName = (typeof CUSTODIES)[number];

/** A secret that opens a key. */
export interface SecretWanted {
  readonly kind: 'passphrase' | 'pin';
  /** The key or token, for the question to a person. */
  readonly of: string;
}

/** What opening a key may ask of the outside. */
export interface KeyAccess {
  /** Asked only where the secret is needed. */
  readonly secret: (wanted: SecretWanted) => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One key in its place. What it says is not believed: signatures are verified by `Signer`. */
export interface KeptKey extends SignatureSource {
  readonly custody: CustodyName;
  /** The public half as the place tells it. */
  publicKey(): Promise<TufKey>;
}

/** Opens the key that the part of the URI after the scheme names. @throws SignerError */
export type OpenKey = (rest: string, access: KeyAccess) => Promise<KeptKey>;
