/** How fast a phase takes devices in: parts of its time, and devices a minute. Pure; a pace without limits holds nobody up. */
import type { Pace } from '@tidegate/protocol';

/** A device at work checks in every two minutes: several of them may be lost. */
const LEASE_SECONDS = 900;
const BASIS = 10_000;
/** Faster than any server lets devices in: beyond it nothing is held up. */
const RATE_MAX = 1_000_000;

/** From 0 at the opening to 1, when every place of the phase has come. */
export function phaseProgress({ overSeconds }: Pace, openedAt: Date, now: Date): number {
  if (overSeconds === undefined) return 1;
  const elapsedSeconds = (now.getTime() - openedAt.getTime()) / 1000;
  return Math.min(1, Math.max(0, elapsedSeconds / overSeconds));
}

/** Whether devices must be let in one by one, counted over all processes. */
export function admitsOneByOne({ devicesPerMinute, ramp, devicesAtWork }: Pace): boolean {
  return devicesPerMinute !== undefined || ramp !== undefined || devicesAtWork !== undefined;
}

/** Devices in a minute now; undefined: as many as come. @param verified devices that verified the release so far */
export function ratePerMinute({ devicesPerMinute, ramp }: Pace, verified: number): number | undefined {
  if (!ramp) return devicesPerMinute;
  const steps = Math.floor(verified / ramp.verified);
  const grown = Math.min(RATE_MAX, ramp.devicesPerMinute * (ramp.growth / BASIS) ** steps);
  return Math.min(devicesPerMinute ?? RATE_MAX, grown);
}

export function leaseSeconds(pace: Pace): number {
  return pace.leaseSeconds ?? LEASE_SECONDS;
}
