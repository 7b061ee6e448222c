/** Draws a rollout's salt by which the first phase is not empty: ten devices are too few to leave that to chance. */
import { randomBytes } from 'node:crypto';
import { cohort } from '@tidegate/protocol/cohort';

/** @param share of the first phase, in basis points */
export function drawSalt(deviceIds: readonly string[], share: number): string {
  const salt = randomBytes(16).toString('hex');
  return deviceIds.some(id => cohort(salt, id) < share) ? salt : drawSalt(deviceIds, share);
}
