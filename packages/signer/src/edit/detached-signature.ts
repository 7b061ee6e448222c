/** A signature as a file of its own: all that a key holder sends back. It names the bytes that it is for by their hash. */
import { DetachedSignature, jsonParser } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { Signature, Signed } from '../tuf/metadata.ts';
import { payloadHash } from './signature.ts';

export const SIGNATURE_FILE_BYTES = 4096;

const parseText = jsonParser(DetachedSignature);

export function detached(role: string, signed: Signed, { keyid, sig }: Signature): DetachedSignature {
  const { version } = signed;
  return { format: 'tidegate-signature-1', role, version, payloadSha256: payloadHash(signed), keyid, sig };
}

/** @param name of the file, for the message. @throws SignerError `signature-invalid` */
export function parseDetached(bytes: Uint8Array, name: string): DetachedSignature {
  const parsed = parseText(Buffer.from(bytes).toString('utf8'));
  if (parsed.ok) return parsed.value;
  const { path, message } = parsed.fault;
  throw new SignerError('signature-invalid', `${name} is no signature file: ${path || 'it'} ${message}.`);
}
