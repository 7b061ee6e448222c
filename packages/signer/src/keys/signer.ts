/**
 * What signs: a key whose private half may be anywhere: in a file, a token, a key service, another program. The one place
 * where signatures are verified against the declared public key, so none that does not hold is ever handed on.
 */
import type { TufKey } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { KeyKind, KnownKey } from '../store/config.ts';
import type { CustodyName } from './custody.ts';
import { keyId, signatureHolds } from '../tuf/key.ts';

/** Where a private half is used. What it answers is not believed. */
export interface SignatureSource {
  /** The scheme of the key's URI, where it has one. */
  readonly custody?: CustodyName | undefined;
  /** @returns 64 bytes for Ed25519; for ECDSA P-256 the signature of the bytes' SHA-256 in DER */
  sign(bytes: Uint8Array, key: TufKey): Promise<Uint8Array>;
  /** Forgets secrets, ends sessions. Called once. */
  close?(): void | Promise<void>;
}

/** Close it after use: `await using signer = …`. */
export class Signer implements AsyncDisposable {
  readonly custody: CustodyName | undefined;
  readonly #key: TufKey;
  #source: SignatureSource | undefined;

  /** @param key the declared public half */
  constructor(key: TufKey, source: SignatureSource) {
    this.custody = source.custody;
    this.#key = key;
    this.#source = source;
  }

  publicKey(): TufKey {
    return this.#key;
  }

  /** @throws SignerError `signature-invalid`, `key-access` after `close`, and those of the key's custody */
  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    if (!this.#source) throw new SignerError('key-access', 'This key was closed; open it again.');
    const signature = await this.#source.sign(bytes, this.#key);
    if (!signatureHolds(this.#key, bytes, signature)) {
      throw new SignerError(
        'signature-invalid',
        `Key ${keyId(this.#key).slice(0, 8)} made a signature that does not verify; nothing was kept.`,
      );
    }
    return signature;
  }

  /** Forgets the private half; safe to call again. */
  async close(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.close?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A public key and who holds it. */
export interface PublicKey {
  readonly name: string;
  readonly keyid: string;
  readonly key: TufKey;
  readonly kind: KeyKind;
  /** Where the private half is kept, unless in a file of this name. */
  readonly uri?: string;
}

/** What a repository notes of a key: everything but the key. */
export function knownKey({ name, keyid, kind, uri }: PublicKey): KnownKey {
  return { name, keyid, kind, ...(uri !== undefined && { uri }) };
}
