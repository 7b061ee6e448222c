/**
 * The time that creating a rollout takes, by HTTP, from request to answer, with a million devices in the database,
 * against the same with a thousand. Two servers on one PostgreSQL take turns, both with their gates ticking.
 */
import type { RolloutView } from '@tidegate/protocol';
import { againstSmall } from './against-small.ts';
import type { BenchResult } from './result.ts';
import { releaseTarget, type SeededFleet, seededFleets } from './seeded-fleet.ts';

const LARGE = 1_000_000;
const SMALL = 1000;
const WARM_UP = 5;
const CREATIONS = 40;
const GOAL_MS = 50;
/** What is left to chance where both do the same. */
const GOAL_RATIO = 1.5;

export async function rolloutCreate(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  // A release for each creation: one component, one rollout.
  const releases = WARM_UP + CREATIONS;
  const small = await fleets.open('small', SMALL, releases);
  const large = await fleets.open('large', LARGE, releases);
  return againstSmall({
    name: 'rollout-create',
    warmUp: WARM_UP,
    rounds: CREATIONS,
    largeMs: i => createMs(large, i),
    smallMs: i => createMs(small, i),
    goalMs: GOAL_MS,
    goalRatio: GOAL_RATIO,
  });
}

async function createMs({ server }: SeededFleet, index: number): Promise<number> {
  const phases = [{ basisPoints: 100 }, { basisPoints: 10_000 }];
  const begun = performance.now();
  const rollout = await server.admin.post<RolloutView>('/rollouts', { target: releaseTarget(index), phases });
  const tookMs = performance.now() - begun;
  await server.admin.post(`/rollouts/${rollout.id}/stop`);
  return tookMs;
}
