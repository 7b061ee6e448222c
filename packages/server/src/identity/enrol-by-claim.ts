/**
 * A device becomes known: a one-time claim token binds its key to a product. The same token with the same key gets the
 * same answer for ever, since a device may lose power before it has stored it; with another key it is an alarm.
 */
import { hash, randomBytes } from 'node:crypto';
import { type EnrolAnswer, type EnrolRequest, enrolPayload } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { raiseTokenAlarm } from './alarm-store.ts';
import { findDevice, insertDevice, lockClaimToken, useClaimToken } from './device-store.ts';
import { readProvenKey } from './proven-key.ts';

/** Throws ServerError: invalid-input, signature-invalid, claim-token-invalid, claim-token-used, wrong-product, key-known. */
export async function enrolByClaim(deps: Deps, request: EnrolRequest): Promise<EnrolAnswer> {
  const publicKey = readProvenKey(request, enrolPayload(request.claimToken));
  const outcome = await useToken(deps, request, publicKey);
  if ('deviceId' in outcome) return outcome;
  const { usedBy } = outcome;
  // Outside the transaction: the refusal must not take the alarm back.
  await raiseTokenAlarm(deps.db, usedBy, deps.clock.now());
  deps.log.warn({ deviceId: usedBy, alarm: 'claim-token-used' }, 'a used claim token came with another key');
  throw new ServerError('claim-token-used', 'another device has used this claim token', { path: '/claimToken' });
}

async function useToken(
  { db, clock, log }: Deps,
  { claimToken, product }: EnrolRequest,
  publicKey: Buffer,
): Promise<EnrolAnswer | { readonly usedBy: string }> {
  const tokenHash = hash('sha256', claimToken, 'buffer');
  const now = clock.now();
  return await db.transaction().execute(async tx => {
    const token = await lockClaimToken(tx, tokenHash);
    const device = token?.deviceId ? await findDevice(tx, token.deviceId) : undefined;
    if (token?.deviceId && !device?.publicKey.equals(publicKey)) return { usedBy: token.deviceId };
    if (!token || (!device && token.expiresAt <= now)) {
      throw new ServerError('claim-token-invalid', 'this claim token is unknown or has expired', {
        path: '/claimToken',
      });
    }
    if (token.product !== product) {
      throw new ServerError('wrong-product', `this claim token is not for ${product}`, { path: '/product' });
    }
    if (device) return { deviceId: device.id, product };
    const deviceId = randomBytes(16).toString('hex');
    const { group } = token;
    const row = { id: deviceId, product, publicKey, enrolledAt: now, enrolledBy: 'claim-token', group } as const;
    if (!(await insertDevice(tx, row))) {
      log.warn({ alarm: 'key-known' }, 'a device tried to enrol a second time with another claim token');
      throw new ServerError('key-known', 'this key is enrolled already', { path: '/publicKey' });
    }
    await useClaimToken(tx, tokenHash, deviceId, now);
    log.info({ deviceId, product, enrolledBy: 'claim-token' }, 'a device has enrolled');
    return { deviceId, product };
  });
}
