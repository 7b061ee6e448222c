/**
 * Signatures apart from the lists that they are for: how one is made, verified before it is kept, and merged. What does
 * not hold over the very bytes of the draft is never kept, so the order in which signatures come does not matter.
 */
import { hash } from 'node:crypto';
import type { Signer } from '../keys/signer.ts';
import { checkCustody } from '../policy/custody-policy.ts';
import { SignerError } from '../signer-error.ts';
import { type Authority, keyOf } from '../tuf/authority.ts';
import { keyId, signatureHolds } from '../tuf/key.ts';
import { type Envelope, type Signature, type Signed, signedBytes } from '../tuf/metadata.ts';

/**
 * The id is the key's hash, so the signer, which hands on no signature that does not hold, has verified it against the
 * very key that the role declares.
 * @throws SignerError `key-not-in-role`, `custody-refused`, `signature-invalid`
 */
export async function makeSignature(
  role: string,
  signed: Signed,
  authorities: readonly Authority[],
  signer: Signer,
): Promise<Signature> {
  const keyid = keyId(signer.publicKey());
  declaredKey(role, authorities, keyid);
  checkCustody(role, signer.custody);
  return { keyid, sig: Buffer.from(await signer.sign(signedBytes(signed))).toString('hex') };
}

/** Takes a signature that was made elsewhere. @throws SignerError `key-not-in-role`, `signature-invalid` */
export function checkSignature(
  role: string,
  signed: Signed,
  authorities: readonly Authority[],
  { keyid, sig }: Signature,
): void {
  const key = declaredKey(role, authorities, keyid);
  if (signatureHolds(key, signedBytes(signed), Buffer.from(sig, 'hex'))) return;
  throw new SignerError(
    'signature-invalid',
    `The signature of key ${keyid.slice(0, 8)} does not hold over the draft of ${role}; nothing was kept.`,
  );
}

/** Adds a signature, and keeps of the others those that hold: a draft edited by hand loses the rest here. */
export function withSignature<S extends Signed>(
  envelope: Envelope<S>,
  authorities: readonly Authority[],
  signature: Signature,
): Envelope<S> {
  const others = holding(envelope, authorities).filter(s => s.keyid !== signature.keyid);
  return { signed: envelope.signed, signatures: [...others, signature] };
}

/** The signatures that hold and are by keys that may sign. */
export function holding({ signed, signatures }: Envelope, authorities: readonly Authority[]): Signature[] {
  const bytes = signedBytes(signed);
  return signatures.filter(({ keyid, sig }) => {
    const key = keyOf(authorities, keyid);
    return key !== undefined && signatureHolds(key, bytes, Buffer.from(sig, 'hex'));
  });
}

/** Names the bytes that a signature is for. */
export function payloadHash(signed: Signed): string {
  return hash('sha256', signedBytes(signed), 'hex');
}

function declaredKey(role: string, authorities: readonly Authority[], keyid: string) {
  const key = keyOf(authorities, keyid);
  if (key) return key;
  throw new SignerError(
    'key-not-in-role',
    `Key ${keyid.slice(0, 8)} may not sign ${role}. Use one of the role's keys.`,
  );
}
