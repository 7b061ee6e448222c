/**
 * The time that a preview takes, by HTTP, from request to answer: a filter over attributes, tags and the last check-in, an
 * exclusion, and another rollout in the way; with a million devices, against the same with 30,000. As many are read in
 * both, so what grows with the fleet would show.
 */
import type { RolloutPreview } from '@tidegate/protocol';
import { againstSmall } from './against-small.ts';
import type { BenchResult } from './result.ts';
import { releaseTarget, type SeededFleet, seededFleets } from './seeded-fleet.ts';

const LARGE = 1_000_000;
const SMALL = 30_000;
const WARM_UP = 5;
const PREVIEWS = 30;
/** A person waits for it. */
const GOAL_MS = 1000;
/** The same rows lie further apart in a large table. */
const GOAL_RATIO = 2;

const REQUEST = {
  target: releaseTarget(0),
  phases: [{ basisPoints: 100 }, { basisPoints: 10_000 }],
  filter: 'site==site-1*;floor>2;(tag!=lab,lastCheckIn=ge=-P7D)',
  exclude: 'site=in=(site-11,site-12)',
};

export async function rolloutPreview(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  const small = await fleets.open('small', SMALL, 1);
  const large = await fleets.open('large', LARGE, 1);
  for (const { server } of [small, large]) {
    await server.admin.post('/rollouts', { target: REQUEST.target, phases: REQUEST.phases, filter: 'floor==4' });
  }
  return againstSmall({
    name: 'rollout-preview',
    warmUp: WARM_UP,
    rounds: PREVIEWS,
    largeMs: () => previewMs(large, LARGE),
    smallMs: () => previewMs(small, SMALL),
    goalMs: GOAL_MS,
    goalRatio: GOAL_RATIO,
  });
}

/** 9 of the 50 sites and 4 of the 7 floors, give or take what is left to chance. */
const SHARE = (9 / 50) * (4 / 7);

async function previewMs({ server }: SeededFleet, fleet: number): Promise<number> {
  const begun = performance.now();
  const { devices, conflicts } = await server.admin.post<RolloutPreview>('/rollouts/preview', REQUEST);
  const tookMs = performance.now() - begun;
  const isNear = Math.abs(devices.meant - fleet * SHARE) < 2 * devices.margin;
  if (!isNear || conflicts.length !== 1) throw new Error(`a wrong preview: ${JSON.stringify({ devices, conflicts })}`);
  return tookMs;
}
