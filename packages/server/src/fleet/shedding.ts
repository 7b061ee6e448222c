/**
 * Whom to turn away under load, and until when. Pure. What ends an update is taken longest: its report is why others
 * wait. A share is turned away that grows with the pressure, so that load falls before latency grows, and does not swing.
 */

/** `opening`: a device at rest, or at the start of a conversation. `closing`: what an earlier answer has led to. */
export type Urgency = 'opening' | 'closing';

interface Limits {
  /** Below it nobody is turned away, from `all` on everybody is. */
  readonly from: number;
  readonly all: number;
}

const LIMITS: Readonly<Record<Urgency, Limits>> = {
  opening: { from: 0.5, all: 1 },
  closing: { from: 1, all: 2 },
};

/** @param random in [0, 1) */
export function isShed(urgency: Urgency, pressure: number, random: number): boolean {
  const { from, all } = LIMITS[urgency];
  return random < (pressure - from) / (all - from);
}

/** A short fault must not silence the fleet for an interval, nor a short interval bring it back at once. */
const SPREAD_SECONDS_MIN = 30;

/**
 * Who is turned away comes again at some time of an interval, as if its turn were then: those who came all at once are
 * spread by it as the interval spreads the fleet. Reports come sooner.
 */
export function retryAfterSeconds(urgency: Urgency, intervalSeconds: number, random: number): number {
  const spread = urgency === 'closing' ? SPREAD_SECONDS_MIN : Math.max(SPREAD_SECONDS_MIN, intervalSeconds);
  return 1 + Math.floor(spread * random);
}
