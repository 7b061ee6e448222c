/**
 * Public keys as signed lists write them: Ed25519 and ECDSA P-256, each in one writing only. TUF clients read more
 * (keys as PEM or hex, compressed points, other names of one type): there one key could stand under two ids and meet a
 * threshold of two by itself. With one writing, equal keys are equal texts.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { parser } from './schema.ts';

export const Ed25519Key = Type.Object({
  keytype: Type.Literal('ed25519'),
  scheme: Type.Literal('ed25519'),
  /** 32 bytes in lowercase hex. */
  keyval: Type.Object({ public: Type.String({ pattern: '^[0-9a-f]{64}$' }) }, { additionalProperties: false }),
});
export type Ed25519Key = Static<typeof Ed25519Key>;

/** SubjectPublicKeyInfo of an uncompressed point on P-256, in 64-column PEM that ends with a newline. */
const P256_PEM =
  '^-----BEGIN PUBLIC KEY-----\\n' +
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{28}\\n' +
  '[A-Za-z0-9+/]{57}[AQgw]==\\n' +
  '-----END PUBLIC KEY-----\\n$';

export const EcdsaKey = Type.Object({
  keytype: Type.Literal('ecdsa'),
  scheme: Type.Literal('ecdsa-sha2-nistp256'),
  keyval: Type.Object({ public: Type.String({ pattern: P256_PEM }) }, { additionalProperties: false }),
});
export type EcdsaKey = Static<typeof EcdsaKey>;

export const TufKey = Type.Union([Ed25519Key, EcdsaKey]);
export type TufKey = Static<typeof TufKey>;

/** A key of either type, in its one writing. */
export const parseTufKey = parser(TufKey);
