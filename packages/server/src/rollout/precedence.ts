/** Which rollout goes first where several want the same devices. Pure; asked at check-in, and when a rollout is made. */
import type { ReleaseClass } from '@tidegate/protocol';

interface Ranked {
  readonly class: ReleaseClass;
  readonly urgent: boolean;
}

/** A security release goes before others, and an urgent one before all. */
export function outranks(one: Ranked, other: Ranked): boolean {
  return rank(one) > rank(other);
}

export function byRank(a: Ranked, b: Ranked): number {
  return rank(b) - rank(a);
}

function rank({ class: releaseClass, urgent }: Ranked): number {
  if (releaseClass !== 'security') return 0;
  return urgent ? 2 : 1;
}
