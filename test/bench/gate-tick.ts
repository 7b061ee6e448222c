/**
 * The time that a tick of the gates takes, with twenty rollouts on a fleet of 100,000 devices, each with 5,000 attempts:
 * half of them in the midst of their proof, the others soaking, in their last phase, paused or completed. The first tick
 * tells what it finds; those that are measured find nothing new, as nearly all do.
 */
import type { RolloutView } from '@tidegate/protocol';
import { openDatabase, systemClock, tickGates } from '@tidegate/server';
import { pino } from 'pino';
import { type BenchResult, median, rounded } from './result.ts';
import { releaseTarget, runSql, type SeededFleet, seededFleets } from './seeded-fleet.ts';

const DEVICES = 100_000;
const ROLLOUTS = 20;
const ATTEMPTS = 5000;
const WARM_UP = 5;
const TICKS = 50;
const GOAL_MS = 20;

/** How many rollouts there are of each kind; of their attempts so many in a hundred are under way, half of them begun. */
const KINDS = [
  { rollouts: 10, state: 'running', openPhase: 0, underWay: 40 },
  { rollouts: 4, state: 'running', openPhase: 0, underWay: 0 },
  { rollouts: 2, state: 'running', openPhase: 1, underWay: 4 },
  { rollouts: 2, state: 'paused', openPhase: 0, underWay: 40 },
  { rollouts: 2, state: 'completed', openPhase: 1, underWay: 0 },
] as const;

export async function gateTick(): Promise<BenchResult> {
  await using fleets = await seededFleets();
  const fleet = await fleets.open('ticked', DEVICES, ROLLOUTS);
  await createRollouts(fleet);
  // From here on only this process ticks.
  await fleet.server.child.stop();
  await advance(fleet.databaseUrl);
  const faults: string[] = [];
  const log = pino({ level: 'warn' }, { write: line => void faults.push(line) });
  const db = openDatabase(fleet.databaseUrl, log);
  const deps = { db, clock: systemClock, log, pace: { intervalSeconds: () => 300 } };
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + TICKS; i++) {
    const begun = performance.now();
    await tickGates(deps);
    times.push(performance.now() - begun);
  }
  const { under_way: underWay } = await db
    .selectFrom('rollouts')
    .select(({ fn }) => fn.countAll<number>().as('under_way'))
    .where('state', 'in', ['running', 'paused', 'completed'])
    .executeTakeFirstOrThrow();
  await db.destroy();
  if (faults.length > 0) throw new Error(`a tick failed: ${faults[0]}`);
  if (underWay !== ROLLOUTS) throw new Error(`${underWay} of ${ROLLOUTS} rollouts are left: the gate ended the others`);
  const value = median(times.slice(WARM_UP));
  return {
    name: 'gate-tick',
    value: rounded(value),
    unit: `ms for a tick over ${ROLLOUTS} rollouts with ${ATTEMPTS} attempts each; the first took ${rounded(times[0] ?? 0)}`,
    baseline: null,
    ratio: null,
    goal: `value < ${GOAL_MS}`,
    pass: value < GOAL_MS,
  };
}

async function createRollouts({ server }: SeededFleet): Promise<void> {
  for (let i = 0; i < ROLLOUTS; i++) {
    await server.admin.post<RolloutView>('/rollouts', {
      target: releaseTarget(i),
      phases: [{ basisPoints: 500 }, { basisPoints: 10_000 }],
      filter: i % 2 === 0 ? 'site==site-1*' : undefined,
      gate: { minVerified: 100, soakSeconds: 86_400, silenceSeconds: 86_400 },
    });
  }
}

/** Attempts as they are some time into each rollout, and counters that are equal to a recount of them. */
async function advance(databaseUrl: string): Promise<void> {
  const kinds = KINDS.flatMap(kind => Array.from({ length: kind.rollouts }, () => kind));
  const rows = kinds.map((k, i) => `(${i + 1}, '${k.state}', ${k.openPhase}, ${k.underWay})`).join(', ');
  await runSql(
    databaseUrl,
    `create table plan as select id, plan.* from (select id, row_number() over (order by created_at) as n from rollouts) as r
       join (values ${rows}) as plan (number, state, open_phase, under_way) on number = n;
     update rollouts set state = plan.state, open_phase = plan.open_phase,
       gate = case when plan.open_phase = 1 then gate || '{"soakSeconds": 0}' else gate end,
       ended_at = case when plan.state = 'completed' then now() end
     from plan where plan.id = rollouts.id;
     insert into attempts (rollout_id, device_id, attempt, phase, state, begun, outcome)
       select plan.id, devices.id, 1, plan.open_phase,
         case when place % 100 < under_way then case when place % 2 = 0 then 'activating' else 'downloading' end else 'verified' end,
         place % 100 >= under_way or place % 2 = 0,
         case when place % 100 >= under_way then 'verified' end
       from plan cross join (select id, row_number() over (order by id) as place from devices limit ${ATTEMPTS}) as devices;
     insert into rollout_counts (rollout_id, phase, offered, begun, verified)
       select rollout_id, phase, count(*), count(*) filter (where begun), count(*) filter (where outcome = 'verified')
       from attempts group by rollout_id, phase
       on conflict (rollout_id, phase) do update
         set offered = excluded.offered, begun = excluded.begun, verified = excluded.verified;
     drop table plan`,
  );
  for (const statement of ['vacuum analyze', 'checkpoint']) await runSql(databaseUrl, statement);
}
