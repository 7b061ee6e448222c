/** Kinds of key that a device may have; the first is what it makes unless told. */
export const KEY_KINDS = ['ed25519', 'p256'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];
