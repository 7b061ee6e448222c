/**
 * How a device becomes known and how it proves who it is: a key made on the device (Ed25519, or ECDSA P-256 with
 * signatures in DER), vouched for by a one-time claim token, by its registration, or by a manufacturer's certificate;
 * then assertions over a server's nonce, exchanged for short access tokens. No passwords between machines (EN 303 645 5.1-2A).
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Hex32, Name } from './identifiers.ts';
import { closed } from './schema.ts';

/** 32 random bytes, base64url without padding. */
export const ClaimTokenText = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const Base64Url = Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 512 });

/** Every enrolment names the product of the device's image: where that is another one, nothing is used up. */
export const EnrolRequest = closed({
  product: Name,
  claimToken: ClaimTokenText,
  /** SubjectPublicKeyInfo, DER, base64url. */
  publicKey: Base64Url,
  /** Signature over `enrolPayload(claimToken)`: the sender holds the private key. */
  proof: Base64Url,
});
export type EnrolRequest = Static<typeof EnrolRequest>;

/** For a key that the manufacturer registered beforehand: the proof is over a server's nonce. */
export const EnrolKeyRequest = closed({
  product: Name,
  publicKey: Base64Url,
  nonce: Type.String({ minLength: 1, maxLength: 256 }),
  /** Signature over `enrolKeyPayload(nonce)`. */
  proof: Base64Url,
});
export type EnrolKeyRequest = Static<typeof EnrolKeyRequest>;

/** For a certificate of the manufacturer's CA: it comes with the TLS connection, and so does the proof of its key. */
export const EnrolCertificateRequest = closed({ product: Name });
export type EnrolCertificateRequest = Static<typeof EnrolCertificateRequest>;

export const EnrolAnswer = Type.Object({ deviceId: Hex32, product: Name });
export type EnrolAnswer = Static<typeof EnrolAnswer>;

export const NonceAnswer = Type.Object({ nonce: Type.String({ maxLength: 256 }), expiresInSeconds: Type.Integer() });
export type NonceAnswer = Static<typeof NonceAnswer>;

export const TokenRequest = closed({
  deviceId: Hex32,
  nonce: Type.String({ minLength: 1, maxLength: 256 }),
  /** Signature over `tokenPayload(deviceId, nonce)`, base64url. */
  signature: Base64Url,
});
export type TokenRequest = Static<typeof TokenRequest>;

export const TokenAnswer = Type.Object({ accessToken: Type.String(), expiresInSeconds: Type.Integer({ minimum: 1 }) });
export type TokenAnswer = Static<typeof TokenAnswer>;

/** What a device signs to enrol. The prefix keeps one kind of signature from standing in for another. */
export function enrolPayload(claimToken: string): string {
  return `tidegate-enrol-v1:${claimToken}`;
}

/** What a device signs to enrol with a key that was registered beforehand. */
export function enrolKeyPayload(nonce: string): string {
  return `tidegate-enrol-key-v1:${nonce}`;
}

/** What a device signs for a token. */
export function tokenPayload(deviceId: string, nonce: string): string {
  return `tidegate-token-v1:${deviceId}:${nonce}`;
}
