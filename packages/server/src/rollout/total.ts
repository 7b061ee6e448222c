/**
 * Counts how many devices each new rollout is for, in the background: making a rollout must not take longer in a larger
 * fleet. In pages, each kept as soon as it is counted, so that whoever ends in between costs one page, and for a bounded
 * time at each call.
 */
import type { Deps } from '../deps.ts';
import { findMeant } from './preview-store.ts';
import { addToTotal, type OpenTotal, openTotals } from './total-store.ts';

/** About a tenth of a second. */
const PAGE = 20_000;
const CALL_MS = 1000;

/** A fault with one rollout is logged and keeps none of the others waiting. */
export async function countTotals(deps: Deps, page = PAGE): Promise<void> {
  const end = performance.now() + CALL_MS;
  for (const open of await openTotals(deps.db)) {
    try {
      let rest: OpenTotal | undefined = open;
      while (rest && performance.now() < end) rest = await countPage(deps, rest, page);
    } catch (error) {
      deps.log.error({ err: error, rolloutId: open.rollout.id }, 'the devices of a rollout could not be counted');
    }
  }
}

/** @returns what is left to count; undefined where this was the last page, or another process has counted it */
async function countPage({ db, clock }: Deps, open: OpenTotal, lookedAt: number): Promise<OpenTotal | undefined> {
  const { rollout, after } = open;
  const { filter, exclude } = rollout;
  const now = clock.now();
  const { meant, last } = await findMeant(db, { release: rollout, filter, exclude }, [], { lookedAt, after, now });
  const isHeard = await addToTotal(db, open, { devices: meant, last }, now);
  return isHeard && last !== undefined ? { rollout, after: last } : undefined;
}
