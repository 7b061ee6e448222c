/**
 * CPU time of one run for a timer, from a cold start of the bundle to verified metadata and its end, against an empty
 * script: with no lists on the device, and where nothing has changed since the last run. The three take turns.
 */
import { execFile } from 'node:child_process';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openAgentGround } from './agent-ground.ts';
import { type BenchResult, median, rounded } from './result.ts';

const ROUNDS = 9;
const GOAL_COLD = 5;
const GOAL_UNCHANGED = 3;
const GOAL_BYTES = 250_000;

export async function agentStart(): Promise<BenchResult> {
  await using ground = await openAgentGround();
  const { bundle, device, folder } = ground;
  const nothing = join(folder, 'empty.cjs');
  await writeFile(nothing, '');
  const once = () => cpuMs([bundle, 'run', '--once', '--config', device.configFile]);
  await once();

  const rounds: { empty: number; unchanged: number; cold: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const empty = await cpuMs([nothing]);
    const unchanged = await once();
    await rm(join(device.plan.folder, 'trust', 'tuf'), { recursive: true });
    rounds.push({ empty, unchanged, cold: await once() });
  }
  const cold = median(rounds.map(r => r.cold / r.empty));
  const unchanged = median(rounds.map(r => r.unchanged / r.empty));
  const bundleBytes = (await stat(bundle)).size;
  process.stderr.write(
    `${JSON.stringify({ unchangedMs: median(rounds.map(r => r.unchanged)), unchangedRatio: rounded(unchanged), bundleBytes })}\n`,
  );
  return {
    name: 'agent-start',
    value: rounded(median(rounds.map(r => r.cold))),
    unit: 'ms of CPU, cold start to verified metadata',
    baseline: rounded(median(rounds.map(r => r.empty))),
    ratio: rounded(cold),
    goal: `ratio <= ${GOAL_COLD}, unchanged <= ${GOAL_UNCHANGED}, bundle <= ${GOAL_BYTES} bytes`,
    pass: cold <= GOAL_COLD && unchanged <= GOAL_UNCHANGED && bundleBytes <= GOAL_BYTES,
  };
}

/** User and system time of a run of Node to its end, as the shell counts it. @throws Error where it fails */
async function cpuMs(args: readonly string[]): Promise<number> {
  const script = 'TIMEFORMAT="%3U %3S"; time "$@" >/dev/null';
  const { stderr } = await promisify(execFile)('bash', ['-ec', script, 'bash', process.execPath, ...args]);
  const [user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (user === undefined || system === undefined) throw new Error(`the shell counted no time: ${stderr}`);
  return (user + system) * 1000;
}
