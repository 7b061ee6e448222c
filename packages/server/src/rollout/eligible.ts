/** Whether a rollout is for a device at all, and whether its place has come. Pure; used at check-in and by the gate. */
import { cohort, COHORTS } from '@tidegate/protocol/cohort';
import { type DeviceFacts, runningCounter } from './device-facts.ts';
import { phaseProgress } from './pace.ts';
import type { RunningRollout } from './running-rollout.ts';

/**
 * The release fits the device, is newer than what it runs, and can be installed from there: product, channel,
 * hardware, counters.
 */
export function fits(rollout: RunningRollout, device: DeviceFacts): boolean {
  const running = runningCounter(device, rollout.component);
  return (
    rollout.product === device.product &&
    rollout.channel === device.channel &&
    rollout.hardware.includes(device.hardware) &&
    rollout.counter > running &&
    running >= rollout.minFromCounter
  );
}

/** The operator meant this device: asked only at entry, never again once it was offered. */
export function meant(rollout: RunningRollout, device: DeviceFacts, now: Date): boolean {
  return rollout.matches(device, rollout.component, now);
}

/**
 * The device's stable place lies within the open share. Canaries come before all others: their place is in the first
 * phase.
 */
export function inOpenShare(rollout: RunningRollout, { id, canary }: Pick<DeviceFacts, 'id' | 'canary'>): boolean {
  return canary || cohort(rollout.salt, id) < rollout.openShare;
}

/**
 * Its place within the open phase has come by the phase's pace: the share that is open grows evenly, from what the phase
 * before reached, so devices come in the order of their cohorts. Canaries are spread over the first phase like all others.
 */
export function placeHasCome(rollout: RunningRollout, device: Pick<DeviceFacts, 'id' | 'canary'>, now: Date): boolean {
  const progress = phaseProgress(rollout.pace, rollout.openedAt, now);
  if (progress >= 1) return inOpenShare(rollout, device);
  // A number of devices is kept to where each is let in.
  if (rollout.openDevices !== undefined) return true;
  const place = cohort(rollout.salt, device.id);
  if (device.canary) return rollout.openPhase > 0 || place < progress * COHORTS;
  return place < rollout.shareBefore + progress * (rollout.openShare - rollout.shareBefore);
}
