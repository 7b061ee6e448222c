/**
 * Refusals in the audit log, but no more of them than a disk can bear: whoever can send requests could else fill it.
 * Beyond so many a minute they are counted, and the count is a line of its own.
 */
import type { Clock } from '../../clock.ts';

const PER_MINUTE = 120;
const MINUTE_MS = 60_000;

export interface RefusalLines {
  /** @returns what is to be written now: the number of those that were left out before, and whether this one is written */
  readonly admit: () => { readonly leftOut: number; readonly write: boolean };
}

export function boundRefusals(now: Clock): RefusalLines {
  let windowFrom = 0;
  let inWindow = 0;
  let leftOut = 0;
  return {
    admit: () => {
      const at = now().getTime();
      if (at - windowFrom >= MINUTE_MS || at < windowFrom) {
        windowFrom = at;
        inWindow = 0;
      }
      if (++inWindow > PER_MINUTE) {
        leftOut++;
        return { leftOut: 0, write: false };
      }
      const before = leftOut;
      leftOut = 0;
      return { leftOut: before, write: true };
    },
  };
}
