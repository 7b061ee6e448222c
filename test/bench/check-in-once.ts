/** Devices of a seeded fleet that check in once each: the server's process knows them from then on. */
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_API } from '@tidegate/protocol';
import { type Load, sendEach } from './load.ts';
import { seededCheckIn } from './seeded-check-in.ts';
import { type SeededFleet, seededId } from './seeded-fleet.ts';

const AT_ONCE = 20_000;
const CONNECTIONS = 64;

export function checkInUrl({ server }: SeededFleet): string {
  return `${server.deviceUrl}${DEVICE_API}/check-in`;
}

/** Check-ins of the devices that were seeded at these places. */
export async function checkInsOf({ data }: SeededFleet, first: number, last: number): Promise<Load['requests']> {
  const key = createPrivateKey(await readFile(join(data, 'token-key.pem')));
  return Array.from({ length: last - first + 1 }, (_, i) => seededCheckIn(key, seededId(first + i)));
}

export async function checkInOnce(fleet: SeededFleet, first: number, last: number): Promise<void> {
  for (let from = first; from <= last; from += AT_ONCE) {
    const requests = await checkInsOf(fleet, from, Math.min(last, from + AT_ONCE - 1));
    await sendEach({ url: checkInUrl(fleet), requests, connections: CONNECTIONS });
  }
}
