/** A public key together with the proof that whoever sent it holds the private half. */
import { ServerError } from '../server-error.ts';
import { isSignedBy, KEY_KINDS, readDeviceKey } from './device-key.ts';

/** @returns the key, SPKI in DER. Throws ServerError: invalid-input, signature-invalid. */
export function readProvenKey(sent: { readonly publicKey: string; readonly proof: string }, payload: string): Buffer {
  const publicKey = Buffer.from(sent.publicKey, 'base64url');
  const key = readDeviceKey(publicKey);
  if (!key) throw new ServerError('invalid-input', `publicKey is not ${KEY_KINDS}`, { path: '/publicKey' });
  if (isSignedBy(key, payload, sent.proof)) return publicKey;
  throw new ServerError('signature-invalid', 'the proof is not signed by that key', { path: '/proof' });
}
