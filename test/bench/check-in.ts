/**
 * Authenticated check-ins per second of the server process's own CPU time, warm, over kept connections,
 * against a bare Fastify POST with the same schemas. The two take turns, so that a noisy machine hits both alike.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild } from '../src/child.ts';
import { startServerProcess } from '../src/server-process.ts';
import { perCpuSecond } from './cpu.ts';
import { openGround } from './ground.ts';
import { type BenchResult, median, rounded } from './result.ts';
import { checkInLoad } from './warm-fleet.ts';

const ROUNDS = 7;
const ROUND_SECONDS = 2;
const GOAL = 0.4;

export async function checkIn(): Promise<BenchResult> {
  await using ground = await openGround();
  const server = await startServerProcess(ground.plan);
  await using stack = new AsyncDisposableStack();
  stack.use(server.child);
  await using bare = await startChild({
    args: [fileURLToPath(new URL('bare-server.ts', import.meta.url))],
    logFile: join(ground.folder, 'bare.log'),
    isReady: line => line.startsWith('{'),
  });
  const { ready } = JSON.parse(bare.readyLine) as { ready: string };
  const ours = await checkInLoad(server, ROUND_SECONDS);
  const theirs = { ...ours, url: `${ready}/check-in` };
  await perCpuSecond(ours, server.child.pid);
  await perCpuSecond(theirs, bare.pid);

  const rounds: { ours: number; bare: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push({ ours: await perCpuSecond(ours, server.child.pid), bare: await perCpuSecond(theirs, bare.pid) });
  }
  const ratio = median(rounds.map(r => r.ours / r.bare));
  return {
    name: 'check-in',
    value: rounded(median(rounds.map(r => r.ours))),
    unit: 'check-ins per second of CPU',
    baseline: rounded(median(rounds.map(r => r.bare))),
    ratio: rounded(ratio),
    goal: `ratio >= ${GOAL}`,
    pass: ratio >= GOAL,
  };
}
