/**
 * The last step of every enrolment: the key has proven itself and something vouches for it. A key that is enrolled for
 * the product already gets the same answer again, since a device may lose power before it has stored it.
 */
import { randomBytes } from 'node:crypto';
import type { EnrolAnswer, Enrolment } from '@tidegate/protocol';
import type { Deps } from '../deps.ts';
import { ServerError } from '../server-error.ts';
import { findDeviceByKey, insertDevice } from './device-store.ts';

/** Throws ServerError: key-known where it is a device of another product, device-revoked. */
export async function admitDevice(
  { db, clock, log }: Deps,
  device: { readonly product: string; readonly publicKey: Buffer; readonly enrolledBy: Enrolment },
): Promise<EnrolAnswer> {
  const deviceId = randomBytes(16).toString('hex');
  if (await insertDevice(db, { id: deviceId, ...device, enrolledAt: clock.now() })) {
    log.info({ deviceId, product: device.product, enrolledBy: device.enrolledBy }, 'a device has enrolled');
    return { deviceId, product: device.product };
  }
  const known = await findDeviceByKey(db, device.publicKey);
  if (known?.product !== device.product) {
    log.warn({ deviceId: known?.id, product: device.product }, 'a key of one product tried to enrol for another');
    throw new ServerError('key-known', 'this key is enrolled already', { path: '/publicKey' });
  }
  if (known.revoked) throw new ServerError('device-revoked', 'this device has been revoked');
  return { deviceId: known.id, product: known.product };
}
