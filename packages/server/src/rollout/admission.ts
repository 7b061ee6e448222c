/**
 * Whether one more device may come in now. Pure: numbers and times in, a verdict out. Devices are spaced evenly, with no
 * burst after a lull: so the ceiling holds for every minute, wherever it is taken to begin.
 */

export interface Asked {
  /** False: it was let in before, and asks only for a place at work. */
  readonly isNew: boolean;
  /** Devices that were let in so far. */
  readonly admitted: number;
  /** So many may be in, where the phase is a number of devices. */
  readonly places: number | undefined;
  /** No new device before. */
  readonly nextAt: Date;
  readonly ratePerMinute: number | undefined;
  readonly atWork: number;
  readonly atWorkMost: number | undefined;
  /** Of all rollouts. */
  readonly downloading: number;
  readonly downloadingMost: number | undefined;
  readonly now: Date;
}

export type Admission =
  /** `nextAt`: when the next new device may come. */
  | { readonly kind: 'in'; readonly nextAt: Date }
  /** `until`: before that it is no use to ask again. */
  | { readonly kind: 'wait'; readonly until: Date };

/** What ends a wait other than by time is looked for this often. */
const LOOK_AGAIN_MS = 1000;
/** Of the slowest rate: a next one that lies further ahead was written before the clock was set back. */
const WIDEST_SPACING_MS = 60_000;

export function admit(asked: Asked): Admission {
  const { isNew, admitted, places, nextAt, ratePerMinute, now } = asked;
  const later = new Date(now.getTime() + LOOK_AGAIN_MS);
  if (isFull(asked.atWork, asked.atWorkMost) || isFull(asked.downloading, asked.downloadingMost)) {
    return { kind: 'wait', until: later };
  }
  if (!isNew) return { kind: 'in', nextAt };
  if (places !== undefined && admitted >= places) return { kind: 'wait', until: later };
  if (ratePerMinute === undefined) return { kind: 'in', nextAt };
  if (nextAt > now && nextAt.getTime() - now.getTime() <= WIDEST_SPACING_MS)
    return { kind: 'wait', until: new Date(Math.min(nextAt.getTime(), later.getTime())) };
  return { kind: 'in', nextAt: new Date(now.getTime() + Math.ceil(60_000 / ratePerMinute)) };
}

function isFull(taken: number, most: number | undefined): boolean {
  return most !== undefined && taken >= most;
}
