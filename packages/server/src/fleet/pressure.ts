/**
 * How hard this process is pressed: by the mean delay of its event loop over the last fifth of a second, and by the
 * requests under way. Owns a timer and a histogram; `close` ends both.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FleetConfig } from './fleet-config.ts';

const RESOLUTION_MS = 10;
const WINDOW_MS = 200;
/** With fewer arrivals a slow loop is no overload: the machine stood still, and turning devices away gains nothing. */
const BUSY_PER_SECOND = 50;

export interface Pressure {
  /** 1 at the limit. */
  readonly now: () => number;
  readonly began: (request: object) => void;
  /** Its answer is ready, or nobody waits for it any more. May be told twice. */
  readonly ended: (request: object) => void;
  readonly close: () => void;
}

export function measurePressure({ loopDelayMs, requestsAtOnce }: FleetConfig): Pressure {
  const underWay = new Set<object>();
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let arrivals = 0;
  let windowBegan = performance.now();
  let byDelay = 0;

  const timer = setInterval(() => {
    const now = performance.now();
    const isBusy = (arrivals / (now - windowBegan)) * 1000 >= BUSY_PER_SECOND;
    // What is measured is the time between two samples; without the pause that was asked for, it is the delay.
    const delayMs = histogram.count === 0 ? now - windowBegan - WINDOW_MS : histogram.mean / 1e6 - RESOLUTION_MS;
    byDelay = isBusy ? Math.max(0, delayMs) / loopDelayMs : 0;
    histogram.reset();
    arrivals = 0;
    windowBegan = now;
  }, WINDOW_MS);
  timer.unref();

  return {
    now: () => Math.max(byDelay, underWay.size / requestsAtOnce),
    began: request => {
      arrivals++;
      underWay.add(request);
    },
    ended: request => void underWay.delete(request),
    close: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
