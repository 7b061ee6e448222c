/**
 * Whether the driver still gets anywhere, for a watchdog that restarts an agent which hangs. The driver says what it
 * does, and is believed for as long as that may honestly take. Patient on purpose: a restart in the middle of slow but
 * honest work costs the update, a late one costs little.
 */
import type { Clock } from '../clock.ts';
import type { State } from './state.ts';

export interface Pulse {
  /** The driver waits on purpose, for so long. */
  waits(ms: number): void;
  /** A step begins, or got further. */
  works(step: State['name']): void;
  isAlive(): boolean;
}

/** The longest that a step of each kind takes without a sign: on a slow line, and a slow disk for the largest image. */
const STEP_MINUTES: Readonly<Record<State['name'], number>> = {
  idle: 60,
  // Each piece that arrives is a sign, and the line's own limits end a silent one far earlier.
  downloading: 60,
  installing: 240,
  rebooting: 60,
  trial: 60,
  done: 60,
};

/** @param patienceSeconds what the config lets a service take to stop and to prove itself, on top */
export function createPulse(clock: Pick<Clock, 'monotonicMs'>, patienceSeconds: number): Pulse {
  const stepMs = (step: State['name']) => STEP_MINUTES[step] * 60_000 + patienceSeconds * 1000;
  let signByMs = clock.monotonicMs() + stepMs('idle');
  return {
    waits(ms) {
      signByMs = clock.monotonicMs() + ms + stepMs('idle');
    },
    works(step) {
      signByMs = clock.monotonicMs() + stepMs(step);
    },
    isAlive: () => clock.monotonicMs() < signByMs,
  };
}
