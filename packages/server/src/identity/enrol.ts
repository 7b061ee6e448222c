/**
 * A device becomes known: a one-time claim token binds its key to a product. The same token with the same key gets the
 * same answer for ever, since a device may lose power before it has stored it; with another key it is an alarm.
 */
import { hash, randomBytes } from 'node:crypto';
import { type EnrolAnswer, type EnrolRequest, enrolPayload } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { isSignedBy, readDeviceKey } from './device-key.ts';
import { findDevice, insertDevice, lockClaimToken, useClaimToken } from './device-store.ts';

/** Throws ServerError: invalid-input, signature-invalid, claim-token-invalid, claim-token-used, key-known. */
export async function enrol({ db, clock, log }: Deps, request: EnrolRequest): Promise<EnrolAnswer> {
  const publicKey = Buffer.from(request.publicKey, 'base64url');
  const key = readDeviceKey(publicKey);
  if (!key)
    throw new ServerError('invalid-input', 'publicKey is not an Ed25519 key in SPKI form', { path: '/publicKey' });
  if (!isSignedBy(key, enrolPayload(request.claimToken), request.proof)) {
    throw new ServerError('signature-invalid', 'the proof is not signed by that key', { path: '/proof' });
  }
  const tokenHash = hash('sha256', request.claimToken, 'buffer');
  const now = clock.now();
  return await db.transaction().execute(async tx => {
    const token = await lockClaimToken(tx, tokenHash);
    if (token?.deviceId) {
      const device = await findDevice(tx, token.deviceId);
      if (device?.publicKey.equals(publicKey)) return { deviceId: device.id, product: device.product };
      log.warn({ deviceId: token.deviceId, alarm: 'claim-token-used' }, 'a used claim token came with another key');
      throw new ServerError('claim-token-used', 'another device has used this claim token', { path: '/claimToken' });
    }
    if (!token || token.expiresAt <= now) {
      throw new ServerError('claim-token-invalid', 'this claim token is unknown or has expired', {
        path: '/claimToken',
      });
    }
    const deviceId = randomBytes(16).toString('hex');
    if (
      !(await insertDevice(tx, {
        id: deviceId,
        product: token.product,
        publicKey,
        enrolledAt: now,
        enrolledBy: 'claim-token',
      }))
    ) {
      log.warn({ alarm: 'key-known' }, 'a device tried to enrol a second time with another claim token');
      throw new ServerError('key-known', 'this key is enrolled already', { path: '/publicKey' });
    }
    await useClaimToken(tx, tokenHash, deviceId, now);
    log.info({ deviceId, product: token.product }, 'a device has enrolled');
    return { deviceId, product: token.product };
  });
}
