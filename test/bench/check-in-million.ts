/**
 * Check-ins per second of the server process's own CPU time with a million devices that it knows and twenty rollouts
 * active, five of them in the way of each device that asks, against a server of 64 devices without a rollout. Both take
 * turns. Each check-in that counts is of another of 35,000 devices, warm: seen within five minutes, with a token that was
 * verified. The first phases reach five devices in a hundred: their offers stay open.
 * A million devices, or as many as `BENCH_DEVICES` says.
 */
import type { RolloutRequest, RolloutView } from '@tidegate/protocol';
import { checkInOnce, checkInsOf, checkInUrl } from './check-in-once.ts';
import { cpuSeconds } from './cpu.ts';
import { type Load, sendEach } from './load.ts';
import { type BenchResult, median, rounded } from './result.ts';
import { runSql, type SeededFleet, seededFleets } from './seeded-fleet.ts';

const SMALL = 64;
const CONNECTIONS = 32;
const ROUNDS = 7;
const CHECK_INS = 5000;
/** Before those that count: one that stood still has to find its pace again. */
const TO_PACE = 1000;
const GOAL = 0.9;

const LINES = ['gw2/stable', 'gw2/beta', 'gw3/stable', 'gw3/beta'];
const CHOICES: readonly Pick<RolloutRequest, 'filter' | 'exclude'>[] = [
  {},
  { filter: 'site==site-1*' },
  { filter: 'floor>2;tag!=lab' },
  { exclude: 'tag==lab' },
  { filter: 'lastCheckIn=ge=-P7D', exclude: 'site==site-11' },
];

export async function checkInMillion(): Promise<BenchResult> {
  const devices = Number(process.env['BENCH_DEVICES'] ?? 1_000_000);
  await using fleets = await seededFleets();
  const small = await fleets.open('small', SMALL, CHOICES.length);
  const large = await fleets.open('large', devices, CHOICES.length);
  await startRollouts(large);
  await checkInOnce(large, 1, devices);
  const few = await checkInsOf(small, 1, SMALL);
  const many = await checkInsOf(large, 1, ROUNDS * (TO_PACE + CHECK_INS));
  const fewAgain = Array.from({ length: Math.ceil((TO_PACE + CHECK_INS) / SMALL) }, () => few)
    .flat()
    .slice(0, TO_PACE + CHECK_INS);
  await sendEach({ url: checkInUrl(small), requests: fewAgain, connections: CONNECTIONS });
  await sendEach({ url: checkInUrl(large), requests: many, connections: CONNECTIONS });

  const rounds: { large: number; small: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const part = many.slice(i * fewAgain.length, (i + 1) * fewAgain.length);
    rounds.push({ large: await perCpuSecondOf(large, part), small: await perCpuSecondOf(small, fewAgain) });
  }
  const ratio = median(rounds.map(r => r.large / r.small));
  return {
    name: 'check-in-million',
    value: rounded(median(rounds.map(r => r.large))),
    unit: `check-ins per second of CPU, of ${ROUNDS * CHECK_INS} devices of ${devices}`,
    baseline: rounded(median(rounds.map(r => r.small))),
    ratio: rounded(ratio),
    goal: `ratio >= ${GOAL}`,
    pass: ratio >= GOAL,
  };
}

async function perCpuSecondOf(fleet: SeededFleet, requests: Load['requests']): Promise<number> {
  const { pid } = fleet.server.child;
  const send = (some: Load['requests']) =>
    sendEach({ url: checkInUrl(fleet), requests: some, connections: CONNECTIONS });
  await send(requests.slice(0, TO_PACE));
  const before = await cpuSeconds(pid);
  await send(requests.slice(TO_PACE));
  return (requests.length - TO_PACE) / ((await cpuSeconds(pid)) - before);
}

/** On two products and two channels, each with all kinds of choice. */
async function startRollouts({ databaseUrl, server }: SeededFleet): Promise<void> {
  await runSql(databaseUrl, `insert into products (name, title) values ('gw3', 'gw3')`);
  await runSql(
    databaseUrl,
    `insert into releases (target, product, channel, component, version, counter, class, hardware, sha256, length_bytes)
     select line || '/' || component || '/1.0.0/part.tar', split_part(line, '/', 1), split_part(line, '/', 2),
       component, version, counter, class, hardware, sha256, length_bytes
     from releases cross join unnest('{${LINES.slice(1).join(',')}}'::text[]) as line`,
  );
  for (const line of LINES) {
    for (const [i, choice] of CHOICES.entries()) {
      const target = `${line}/part-${i}/1.0.0/part.tar`;
      const phases = [{ basisPoints: 100 }, { basisPoints: 10_000 }];
      await server.admin.post<RolloutView>('/rollouts', { target, phases, ...choice });
    }
  }
}
