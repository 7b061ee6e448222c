/** Whether a rollout is for a device at all, and whether its place has come. Pure; used at check-in and by the gate. */
import { cohort } from '@tidegate/protocol/cohort';
import { type DeviceFacts, runningCounter } from './device-facts.ts';
import type { RunningRollout } from './running-rollout.ts';

/** The release fits the device and is newer than what it runs: product, channel, hardware, counter. */
export function fits(rollout: RunningRollout, device: DeviceFacts): boolean {
  return (
    rollout.product === device.product &&
    rollout.channel === device.channel &&
    rollout.hardware.includes(device.hardware) &&
    rollout.counter > runningCounter(device, rollout.component)
  );
}

/** The operator meant this device: asked only at entry, never again once it was offered. */
export function meant(rollout: RunningRollout, device: DeviceFacts): boolean {
  return rollout.matches(device, rollout.component);
}

/** The device's stable place lies within the open share. Canaries come before all others: their place is in the first phase. */
export function inOpenShare(rollout: RunningRollout, { id, canary }: Pick<DeviceFacts, 'id' | 'canary'>): boolean {
  return canary || cohort(rollout.salt, id) < rollout.openShare;
}
