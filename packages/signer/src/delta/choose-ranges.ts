/** Which ranges of the old image help most to tell a new block: those whose anchors it has. Pure. */
import { LIMITS } from '@tidegate/protocol';
import type { OldRange } from '@tidegate/protocol/delta';
import { PAGE_BYTES } from './old-pages.ts';

/** Pages with so much between them that is not wanted are one range: what changed lies in the midst of what did not. */
const GAP_PAGES = 2;

export interface Dictionary {
  readonly maxBytes: number;
  readonly oldBytes: number;
}

/** @param votes how many of the block's anchors each page of the old image has */
export function chooseRanges(votes: ReadonlyMap<number, number>, { maxBytes, oldBytes }: Dictionary): OldRange[] {
  const most = Math.floor(maxBytes / PAGE_BYTES);
  const wanted = [...votes].toSorted(([p, a], [q, b]) => b - a || p - q).slice(0, most);
  const pages = wanted.map(([page]) => page).toSorted((a, b) => a - b);
  let room = most - pages.length;
  const runs: { from: number; to: number; votes: number }[] = [];
  for (const page of pages) {
    const run = runs.at(-1);
    const gap = run ? page - run.to : Infinity;
    const weight = votes.get(page) ?? 0;
    if (run && gap <= Math.min(GAP_PAGES, room)) {
      room -= gap;
      run.to = page + 1;
      run.votes += weight;
    } else runs.push({ from: page, to: page + 1, votes: weight });
  }
  return runs
    .toSorted((a, b) => b.votes - a.votes)
    .slice(0, LIMITS.patchRangesPerBlock)
    .toSorted((a, b) => a.from - b.from)
    .map(({ from, to }) => {
      const offset = from * PAGE_BYTES;
      return { offset, lengthBytes: Math.min(to * PAGE_BYTES, oldBytes) - offset };
    });
}
