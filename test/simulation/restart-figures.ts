/** What a run of the restart comes down to. Pure. */
import type { RestartPlan, RestartRun } from './restart.ts';

export interface RestartFigures {
  /** Most requests in a second, those that were turned away included. */
  readonly peakArrivals: number;
  readonly peakServed: number;
  readonly allServedSeconds: number;
  /** As fast as the budget allows. */
  readonly leastSeconds: number;
  /** Most requests in a second after the first wave: from one shortest pause after the power's return on. */
  readonly laterPeak: number;
}

export function restartFigures(plan: RestartPlan, { arrivals, served, allServedSeconds }: RestartRun): RestartFigures {
  const firstWaveEnds = plan.backAtSeconds + plan.firstCheckWithinSeconds + 1;
  return {
    peakArrivals: Math.max(...arrivals),
    peakServed: Math.max(...served),
    allServedSeconds,
    leastSeconds: plan.devices / plan.budget,
    laterPeak: Math.max(...arrivals.slice(firstWaveEnds)),
  };
}
