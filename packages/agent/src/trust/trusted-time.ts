/**
 * Time that an attacker cannot turn back: the latest signed evidence, and the clock only where it is plausible.
 * Pure. The floor rises by signed evidence alone: a wrong clock must not be able to make every list look expired for good.
 */
import type { Metadata, Targets, Timestamp } from '@tufjs/models';

const YEAR_MS = 366 * 86_400_000;
/** A device may lie on a shelf for long, but a clock this far ahead of all evidence is broken. */
const PLAUSIBLE_AHEAD_MS = 10 * YEAR_MS;

export interface TimeEvidence {
  readonly floorMs: number;
  /** Time that passed on the monotonic clock since this process learned the floor. */
  readonly sinceFloorMs: number;
  readonly clockMs: number;
}

/** @returns milliseconds since 1970, never before the floor */
export function trustedNow({ floorMs, sinceFloorMs, clockMs }: TimeEvidence): number {
  const leastMs = floorMs + Math.max(0, sinceFloorMs);
  const plausible = Number.isFinite(clockMs) && clockMs <= leastMs + PLAUSIBLE_AHEAD_MS;
  return Math.floor(plausible ? Math.max(leastMs, clockMs) : leastMs);
}

/**
 * When the timestamp was issued, as it says itself in `x-issued`; undefined where it does not, or where it claims a time
 * that no honest one can have: later than a year after the targets role, signed offline, ends.
 */
export function issuedAtMs(timestamp: Metadata<Timestamp>, targets: Metadata<Targets>): number | undefined {
  const text = timestamp.signed.unrecognizedFields?.['x-issued'];
  const ms = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  return ms <= Date.parse(targets.signed.expires) + YEAR_MS ? Math.floor(ms) : undefined;
}
