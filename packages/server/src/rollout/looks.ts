/**
 * At which counts of outcomes the tail test looks, and how surprised it must be there. Testing after every single
 * outcome would find an unlucky moment in any good release; so it looks at fixed, widening counts, and all its looks
 * together spend one chance of being wrong, however large the fleet.
 */
import { binomialTail } from './binomial.ts';

const WIDENING = 1.5;
/** A phase of fewer devices is judged once, as if it were this one. */
export const FIRST_LOOK = 3;
/** The look by which half of the chance may be spent; before that are the looks at a first phase, where haste counts. */
const HALF_BY_LOOK = 8;

/**
 * The greatest fixed count that was passed by now and not looked at yet; undefined where none was.
 * @param lookedAt the last look that was due, 0 before the first
 * @param isLast nobody is left to wait for: the next look is taken now, since it may never come
 */
export function dueLook(lookedAt: number, outcomes: number, isLast = false): number | undefined {
  const passed = looksUpTo(outcomes).at(-1) ?? 0;
  const due = isLast && passed <= lookedAt ? nextLook(passed) : passed;
  return due > lookedAt ? due : undefined;
}

/** The fixed counts up to so many outcomes, the least first. */
function looksUpTo(outcomes: number): number[] {
  const looks: number[] = [];
  for (let look = FIRST_LOOK; look <= outcomes; look = nextLook(look)) looks.push(look);
  return looks;
}

function nextLook(look: number): number {
  return Math.max(FIRST_LOOK, Math.ceil(look * WIDENING));
}

/** What a sequence of looks is given. */
export interface Spending {
  /** Of ever calling a release worse that fails exactly as often as it may, 0..1: all looks together spend it. */
  readonly chance: number;
  readonly allowedRate: number;
  readonly minFailures: number;
}

/**
 * The tail below which failures are too many at a look (a fixed count). What the looks before could not spend, since
 * failures come in whole numbers, is there for the later ones: the sum of all is never more than the chance.
 */
export function levelAt({ chance, allowedRate, minFailures }: Spending, look: number): number {
  let spent = 0;
  const before = looksUpTo(look - 1);
  for (const [i, count] of before.entries()) {
    spent += tailWithin(share(chance, i + 1) - spent, count, allowedRate, minFailures);
  }
  return share(chance, before.length + 1) - spent;
}

/** What the first so many looks may spend together: rises towards the whole and never reaches it. */
function share(chance: number, looks: number): number {
  return (chance * looks) / (looks + HALF_BY_LOOK);
}

/** The greatest tail of `n` outcomes that is not above `most`. */
function tailWithin(most: number, n: number, rate: number, minFailures: number): number {
  let [low, high] = [Math.min(minFailures, n + 1), n + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (binomialTail(middle, n, rate) <= most) high = middle;
    else low = middle + 1;
  }
  return binomialTail(low, n, rate);
}
