/**
 * When the next check-in is due: the first after a short random delay (EN 303 645 5.3-5), then as the server asks.
 * In monotonic time, so that a clock set back or forward neither silences nor hurries the device.
 */
import type { Clock } from '../clock.ts';

export interface Schedule {
  isDue(): boolean;
  /** Milliseconds until it is; 0 when due. */
  dueInMs(): number;
  /** The server answered, and asks to come again then. */
  after(seconds: number): void;
  /** Nobody answered; it is worth looking again then. */
  again(seconds: number): void;
  /** Milliseconds since the server last answered; Infinity where it has not since the agent's start. */
  sinceAnswerMs(): number;
  now(): void;
}

export function createSchedule(
  clock: Pick<Clock, 'monotonicMs'>,
  firstWithinSeconds: number,
  random: () => number,
): Schedule {
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  let dueAtMs = clock.monotonicMs() + firstWithinSeconds * 1000 * random();
  const dueInMs = () => Math.max(0, dueAtMs - clock.monotonicMs());
  return {
    isDue: () => dueInMs() === 0,
    dueInMs,
    after(seconds) {
      answeredAtMs = clock.monotonicMs();
      dueAtMs = answeredAtMs + seconds * 1000;
    },
    again(seconds) {
      dueAtMs = clock.monotonicMs() + seconds * 1000;
    },
    sinceAnswerMs: () => clock.monotonicMs() - answeredAtMs,
    now() {
      dueAtMs = clock.monotonicMs();
    },
  };
}
