/** A device becomes known by a key that its manufacturer registered beforehand: the factory needs to send no secret. */
import { type EnrolAnswer, enrolKeyPayload, type EnrolKeyRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { admitDevice } from './admit-device.ts';
import { isFreshNonce } from './nonce.ts';
import { readProvenKey } from './proven-key.ts';
import { findRegisteredKey } from './registered-key-store.ts';
import { spendNonce } from './spend-nonce.ts';

/** Throws ServerError: invalid-input, nonce-invalid, signature-invalid, key-unknown, wrong-product, key-known, device-revoked. */
export async function enrolByKey(deps: Deps, nonceSecret: Buffer, request: EnrolKeyRequest): Promise<EnrolAnswer> {
  const { product, nonce } = request;
  const now = deps.clock.now();
  if (!isFreshNonce(nonceSecret, nonce, now)) {
    throw new ServerError('nonce-invalid', 'the nonce is not fresh', { path: '/nonce' });
  }
  const publicKey = readProvenKey(request, enrolKeyPayload(nonce));
  const registered = await findRegisteredKey(deps.db, publicKey);
  if (!registered) throw new ServerError('key-unknown', 'this key is not registered', { path: '/publicKey' });
  if (registered.product !== product) {
    throw new ServerError('wrong-product', `this key is not registered for ${product}`, { path: '/product' });
  }
  await spendNonce(deps.db, nonce, now);
  return await admitDevice(deps, { product, publicKey, enrolledBy: 'public-key' });
}
