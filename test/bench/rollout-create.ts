/**
 * The time that creating a rollout takes, by HTTP, from request to answer, with ten million devices in the database,
 * against the same with a million, and against a row for each of the million. Two servers on one PostgreSQL take turns,
 * both with their gates ticking. The total of devices, which follows in the background, must equal a count.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { againstSmall } from './against-small.ts';
import { naiveRolloutMs } from './naive-rollout.ts';
import { type BenchResult, rounded } from './result.ts';
import { releaseTarget, type SeededFleet, seededFleets } from './seeded-fleet.ts';

const LARGE = 10_000_000;
const SMALL = 1_000_000;
const WARM_UP = 5;
const CREATIONS = 40;
const GOAL_MS = 50;
/** What is left to chance where both do the same. */
const GOAL_RATIO = 1.5;
const GOAL_TIMES_NAIVE = 100;
const TOTAL_WITHIN_MS = 900_000;
const PHASES = [{ basisPoints: 100 }, { basisPoints: 10_000 }];

export async function rolloutCreate(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  // A release for each creation, and one whose rollout is counted: one component, one rollout.
  const releases = WARM_UP + CREATIONS + 1;
  const small = await fleets.open('small', SMALL, releases);
  const large = await fleets.open('large', LARGE, releases);
  const result = await againstSmall({
    name: 'rollout-create',
    warmUp: WARM_UP,
    rounds: CREATIONS,
    largeMs: i => createMs(large, i),
    smallMs: i => createMs(small, i),
    goalMs: GOAL_MS,
    goalRatio: GOAL_RATIO,
  });
  const naiveMs = await naiveRolloutMs(small.databaseUrl, 'gw2');
  const timesNaive = naiveMs / result.value;
  const total = await checkedTotal(large, WARM_UP + CREATIONS);
  process.stderr.write(`${JSON.stringify({ naiveMs: rounded(naiveMs), timesNaive: rounded(timesNaive), ...total })}\n`);
  return {
    ...result,
    goal: `${result.goal}, ${GOAL_TIMES_NAIVE} times faster than a row for each of ${SMALL} devices (${rounded(timesNaive)})`,
    pass: result.pass === true && timesNaive >= GOAL_TIMES_NAIVE,
  };
}

async function createMs({ server }: SeededFleet, index: number): Promise<number> {
  const begun = performance.now();
  const rollout = await server.admin.post<RolloutView>('/rollouts', { target: releaseTarget(index), phases: PHASES });
  const tookMs = performance.now() - begun;
  await server.admin.post(`/rollouts/${rollout.id}/stop`);
  return tookMs;
}

/** Waits for the total of a rollout with a filter. @throws Error where it is not what a count says */
async function checkedTotal({ server, databaseUrl }: SeededFleet, index: number) {
  const request = { target: releaseTarget(index), phases: PHASES, filter: 'site==site-1*;tag!=lab' };
  const begun = performance.now();
  let rollout = await server.admin.post<RolloutView>('/rollouts', request);
  while (rollout.total === null) {
    if (performance.now() - begun > TOTAL_WITHIN_MS) throw new Error('the total of a rollout does not come');
    await pause(500);
    rollout = await server.admin.get<RolloutView>(`/rollouts/${rollout.id}`);
  }
  const totalAfterMs = rounded(performance.now() - begun);
  const { devices } = rollout.total;
  const db = openDatabase(databaseUrl, pino({ level: 'silent' }));
  const { rows } = await sql<{ count: number }>`
    select count(*) from devices where attributes ->> 'site' like 'site-1%' and not 'lab' = any(tags)`.execute(db);
  await db.destroy();
  if (rows[0]?.count !== devices) throw new Error(`the total is ${devices}, a count says ${rows[0]?.count}`);
  return { total: devices, totalAfterMs };
}
