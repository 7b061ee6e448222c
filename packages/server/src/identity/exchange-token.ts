/** An assertion over a fresh nonce becomes a short access token. One refusal for all that is wrong about who signed. */
import { tokenPayload, type TokenRequest } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { isSignedBy, readDeviceKey } from './device-key.ts';
import { findDevice } from './device-store.ts';
import { isFreshNonce } from './nonce.ts';
import { spendNonce } from './spend-nonce.ts';

/** The device that the assertion proves. Throws ServerError: nonce-invalid, signature-invalid, device-revoked. */
export async function proveDevice(
  { db, clock }: Pick<Deps, 'db' | 'clock'>,
  nonceSecret: Buffer,
  { deviceId, nonce, signature }: TokenRequest,
): Promise<{ id: string; product: string }> {
  const now = clock.now();
  if (!isFreshNonce(nonceSecret, nonce, now)) throw new ServerError('nonce-invalid', 'the nonce is not fresh');
  const device = await findDevice(db, deviceId);
  const key = device && readDeviceKey(device.publicKey);
  if (!key || !isSignedBy(key, tokenPayload(deviceId, nonce), signature)) {
    throw new ServerError('signature-invalid', 'the signature is not that of an enrolled device');
  }
  if (device.revoked) throw new ServerError('device-revoked', 'this device has been revoked');
  await spendNonce(db, nonce, now);
  return { id: device.id, product: device.product };
}
