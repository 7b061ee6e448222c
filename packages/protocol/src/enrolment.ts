/**
 * How a device becomes known and how it proves who it is: a key made on the device, a one-time claim token,
 * then assertions over a server's nonce, exchanged for short access tokens. No passwords between machines (EN 303 645 5.1-2A).
 */
import { type Static, Type } from 'typebox';
import { Hex32, Name } from './identifiers.ts';
import { closed } from './schema.ts';

/** 32 random bytes, base64url without padding. */
export const ClaimTokenText = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });
const Base64Url = Type.String({ pattern: '^[A-Za-z0-9_-]+$', maxLength: 512 });

export const EnrolRequest = closed({
  claimToken: ClaimTokenText,
  /** SubjectPublicKeyInfo, DER, base64url. */
  publicKey: Base64Url,
  /** Signature over `enrolPayload(claimToken)`: the sender holds the private key. */
  proof: Base64Url,
});
export type EnrolRequest = Static<typeof EnrolRequest>;

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

/** What a device signs for a token. */
export function tokenPayload(deviceId: string, nonce: string): string {
  return `tidegate-token-v1:${deviceId}:${nonce}`;
}
