/**
 * The pace of the fleet as this process sets it: counts now and then who shares the load, and answers from memory. A
 * count that fails leaves the last one in force. Owns a timer; `close` ends it.
 */
import type { Deps } from '../deps.ts';
import type { FleetConfig } from './fleet-config.ts';
import { type FleetSize, fleetSize } from './fleet-size-store.ts';
import { pollAfterSeconds, pollIntervalSeconds } from './poll-interval.ts';

export interface FleetPace {
  /** The mean time between two check-ins of a device at rest. */
  readonly intervalSeconds: () => number;
  readonly pollAfterSeconds: (deviceId: string, now: Date) => number;
  /** This process's part of the check-ins that the installation carries. */
  readonly checkInsPerSecond: () => number;
  /** As it was counted last, a minute ago or a little more. */
  readonly size: () => FleetSize;
  readonly count: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const COUNT_MS = 60_000;
/** Counting takes a hundredth of the time at most. */
const REST_TIMES = 100;

/** The first count is waited for: a fleet that comes back together with its server must meet the right pace. */
export async function openFleetPace({ db, clock, log }: Deps, config: FleetConfig): Promise<FleetPace> {
  let size: FleetSize = { known: 0, active: 0, processes: 1 };
  let counting: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function count(): Promise<void> {
    // Twice the longest interval: whoever was not heard of for so long is gone.
    const seenAfter = new Date(clock.now().getTime() - 2 * config.pollSecondsMax * 1000);
    try {
      size = await fleetSize(db, seenAfter);
    } catch (error) {
      if (!closed) log.warn({ err: error }, 'the fleet could not be counted; its pace stays');
    }
  }
  async function countAndRest(): Promise<void> {
    const begunAt = performance.now();
    await count();
    if (closed) return;
    timer = setTimeout(
      () => {
        counting = countAndRest();
      },
      Math.max(COUNT_MS, REST_TIMES * (performance.now() - begunAt)),
    );
  }
  const intervalSeconds = () => pollIntervalSeconds(config, size.active);

  await countAndRest();
  return {
    intervalSeconds,
    pollAfterSeconds: (deviceId, now) => pollAfterSeconds(deviceId, intervalSeconds(), now),
    checkInsPerSecond: () => config.checkInsPerSecond / Math.max(1, size.processes),
    size: () => size,
    count,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await counting;
    },
  };
}
