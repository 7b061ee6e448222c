/** A device's check-in as it comes over the line, for tests below HTTP. */
import type { CheckInAnswer, CheckInRequest } from '@tidegate/protocol';
import { type CheckInDeps, checkIn } from '../rollout/check-in.ts';
import { seedId } from './seed.ts';

/** @param id of a device of the product `gw` */
export async function testCheckIn(
  deps: Omit<CheckInDeps, 'pace'>,
  id: string,
  more: Partial<CheckInRequest> = {},
): Promise<CheckInAnswer> {
  const body: CheckInRequest = {
    agentVersion: '0.1.0',
    hardware: 'gw-a',
    channel: 'stable',
    bootId: seedId('boot'),
    components: [{ component: 'app', version: '1.1.0', counter: 1 }],
    ...more,
  };
  const pace = { pollAfterSeconds: () => 60 };
  return checkIn({ ...deps, pace }, { id, product: 'gw' }, body, JSON.stringify(body));
}
