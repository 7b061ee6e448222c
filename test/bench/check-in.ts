/**
 * Authenticated check-ins per second of CPU, warm, over kept connections, by the server process's own time and by that
 * of PostgreSQL besides; against a bare Fastify POST with the same schemas, and against the way that one would write
 * first. All take turns, so that a noisy machine hits each alike.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../src/child.ts';
import { startServerProcess } from '../src/server-process.ts';
import { cpuSeconds } from './cpu.ts';
import { openSharedGround } from './ground.ts';
import { type Load, runLoad } from './load.ts';
import { type BenchResult, median, rounded } from './result.ts';
import { checkInLoad } from './warm-fleet.ts';

const ROUNDS = 9;
const ROUND_SECONDS = 2;
const WARM_SECONDS = 1;
/** Of a bare POST: by its own CPU time, and with PostgreSQL's; and times the naive way, both with PostgreSQL's. */
const GOALS = { own: 0.75, whole: 0.6, naive: 5 };

export async function checkIn(): Promise<BenchResult> {
  await using ground = await openSharedGround();
  const server = await startServerProcess(ground.plan);
  await using stack = new AsyncDisposableStack();
  stack.use(server.child);
  const beside = async (program: string, ...args: string[]) => {
    const child = await startBeside(ground.folder, program, args);
    stack.use(child);
    return child;
  };
  const bare = await beside('bare-server.ts');
  const naive = await beside('naive-server.ts', join(ground.plan.data, 'token-key.pem'), ground.databaseUrl);
  const load = await checkInLoad(server, ROUND_SECONDS);
  const both = async (pid: number) => ({ own: await cpuSeconds(pid), postgres: await ground.postgresSeconds() });
  const round = async () => ({
    ours: await warmPerSecond(load, () => both(server.child.pid)),
    naive: await warmPerSecond(at(load, naive), () => both(naive.pid)),
    bare: await warmPerSecond(at(load, bare), () => both(bare.pid)),
  });

  const rounds: Awaited<ReturnType<typeof round>>[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await round());
  const own = median(rounds.map(r => r.ours.own / r.bare.own));
  const whole = median(rounds.map(r => r.ours.whole / r.bare.own));
  const timesNaive = median(rounds.map(r => r.ours.whole / r.naive.whole));
  return {
    name: 'check-in',
    value: rounded(median(rounds.map(r => r.ours.own))),
    unit: 'check-ins per second of CPU',
    baseline: rounded(median(rounds.map(r => r.bare.own))),
    ratio: rounded(own),
    goal: `ratio >= ${GOALS.own}; with PostgreSQL's CPU ${rounded(whole)} >= ${GOALS.whole}; times the naive way ${rounded(timesNaive)} >= ${GOALS.naive}`,
    pass: own >= GOALS.own && whole >= GOALS.whole && timesNaive >= GOALS.naive,
  };
}

/** Answers per second of CPU, after a while of the same load: one that stood still has to find its pace again. */
async function warmPerSecond(
  load: Load,
  cpu: () => Promise<{ own: number; postgres: number }>,
): Promise<{ own: number; whole: number }> {
  await runLoad({ ...load, seconds: WARM_SECONDS });
  const before = await cpu();
  const answered = await runLoad(load);
  const after = await cpu();
  const own = after.own - before.own;
  return { own: answered / own, whole: answered / (own + after.postgres - before.postgres) };
}

function startBeside(folder: string, program: string, args: readonly string[]): Promise<Child> {
  return startChild({
    args: [fileURLToPath(new URL(program, import.meta.url)), ...args],
    logFile: join(folder, `${program}.log`),
    isReady: line => line.startsWith('{'),
  });
}

function at(load: Load, { readyLine }: Child): Load {
  const { ready } = JSON.parse(readyLine) as { ready: string };
  return { ...load, url: `${ready}/check-in` };
}
