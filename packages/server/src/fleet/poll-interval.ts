/**
 * When a device is to come again. The interval follows from the load that is wanted and the fleet's size. Within it each
 * device has a place of its own, the same for every process and after every restart, so a fleet that came all at once is
 * spread over the interval by its next check-in, and stays so. Pure.
 */
import { LIMITS } from '@tidegate/protocol';
import type { FleetConfig } from './fleet-config.ts';

/** What a check-in costs on the wire, with a resumed TLS connection of its own and a token now and then; rounded up. */
const CHECK_IN_BYTES = 4096;

type Wanted = Pick<FleetConfig, 'pollSeconds' | 'pollSecondsMax' | 'checkInsPerSecond' | 'checkInBytesPerSecond'>;

/** @param devices that share the load; 0 where it is not known */
export function pollIntervalSeconds(wanted: Wanted, devices: number): number {
  const byBytes = (wanted.checkInBytesPerSecond ?? Number.POSITIVE_INFINITY) / CHECK_IN_BYTES;
  const seconds = devices / Math.min(wanted.checkInsPerSecond, byBytes);
  return Math.max(wanted.pollSeconds, Math.min(wanted.pollSecondsMax, seconds));
}

/**
 * Seconds until the device's next place, between half an interval and one and a half from now: whoever comes at its
 * place comes again after one interval. Ids are random, and with them the places.
 */
export function pollAfterSeconds(deviceId: string, intervalSeconds: number, now: Date): number {
  const nowSeconds = now.getTime() / 1000;
  const place = (Number.parseInt(deviceId.slice(0, 8), 16) / 2 ** 32) * intervalSeconds;
  const earliest = nowSeconds + intervalSeconds / 2;
  const intervalsAhead = Math.ceil((earliest - place) / intervalSeconds);
  const seconds = Math.round(place + intervalsAhead * intervalSeconds - nowSeconds);
  return Math.min(LIMITS.pollSecondsMax, Math.max(LIMITS.pollSecondsMin, seconds));
}
