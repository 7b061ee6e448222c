/** How much of its life a signed list has behind it, and from when on people are told. Pure. */

const DAY_MS = 86_400_000;

/** `half`, `soon` and `now` begin when 50, 75 and 90 % of the lifetime are used. */
export type Warning = 'half' | 'soon' | 'now' | 'expired';

export interface Life {
  readonly expires: string;
  /** Whole days, rounded down; negative once it has expired. */
  readonly daysLeft: number;
  readonly lifeUsedPercent: number;
  readonly warning?: Warning;
}

/** @param lifetimeDays for how long such a list is signed: the list itself does not say when that was */
export function lifeOf(expires: string, lifetimeDays: number, now: Date): Life {
  const leftMs = Date.parse(expires) - now.getTime();
  const used = 100 - (100 * leftMs) / (lifetimeDays * DAY_MS);
  const lifeUsedPercent = Math.floor(Math.min(100, Math.max(0, used)));
  const warning = leftMs <= 0 ? 'expired' : warningAt(lifeUsedPercent);
  return { expires, daysLeft: Math.floor(leftMs / DAY_MS), lifeUsedPercent, ...(warning && { warning }) };
}

function warningAt(percent: number): Warning | undefined {
  if (percent >= 90) return 'now';
  if (percent >= 75) return 'soon';
  return percent >= 50 ? 'half' : undefined;
}
