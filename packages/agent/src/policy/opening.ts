/**
 * When updates may next install by the maker's window and the owner's: both must be open. Found by asking minute after
 * minute what the clock on the wall shows, so what the clock does to the hours, in whatever country, needs no rule here.
 */
import { isOpen, type LocalTime, type Window } from '@tidegate/protocol';

/** Two weeks and a day: a weekly window may fall into an hour that the clock skips. */
const HORIZON_MS = 15 * 86_400_000;
const MINUTE_MS = 60_000;

/** `nowMs` where all are open now; Infinity where they are not within two weeks. */
export function nextOpening(windows: readonly Window[], nowMs: number, local: (ms: number) => LocalTime): number {
  for (let ms = nowMs; ms <= nowMs + HORIZON_MS; ms = nextMinute(ms)) {
    const time = local(ms);
    if (windows.every(window => isOpen(window, time))) return ms;
  }
  return Number.POSITIVE_INFINITY;
}

function nextMinute(ms: number): number {
  return (Math.floor(ms / MINUTE_MS) + 1) * MINUTE_MS;
}
