/**
 * Memory of the resident agent at rest, started as its unit starts it, against an empty Node of the same version: after
 * its first check-in and refresh, and again after 10,000 check-ins that its owner asked for, all with a real server.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { AgentStatus } from '@tidegate/agent';
import { type Child, startChild } from '../src/child.ts';
import { until } from '../src/until.ts';
import { type AgentGround, openAgentGround } from './agent-ground.ts';
import { memoryOf } from './memory.ts';
import { type BenchResult, rounded } from './result.ts';

const UNIT = new URL('../../infra/systemd/tidegate-agent.service', import.meta.url);
const POLLS = 10_000;
/** At rest: long enough for the collector of garbage to come by. */
const REST_MS = 20_000;
const GOAL_RATIO = 1.4;
const GOAL_PRIVATE = 19;
const GOAL_GROWTH = 1.1;
/** The owner's commands between two looks at the server's count. */
const ASKED_AT_ONCE = 100;

export async function agentRss(): Promise<BenchResult> {
  await using ground = await openAgentGround();
  await using agent = await startAsUnit(ground);
  await using empty = await startChild({
    args: ['-e', 'setInterval(() => {}, 1e6); console.log("ready")'],
    logFile: join(ground.folder, 'empty.log'),
    isReady: line => line === 'ready',
  });
  await until('the first check-in', async () => ((await checkIns(ground)) >= 1 && (await isIdle(ground))) || undefined);
  await wait(REST_MS);
  const bare = await memoryOf(empty.pid);
  const idle = await memoryOf(agent.pid);
  const polls = await poll(ground);
  await wait(REST_MS);
  const later = await memoryOf(agent.pid);

  const ratio = idle.residentMegabytes / bare.residentMegabytes;
  const growth = Math.max(
    later.residentMegabytes / idle.residentMegabytes,
    later.privateMegabytes / idle.privateMegabytes,
  );
  process.stderr.write(`${JSON.stringify({ bare, idle, later, polls, growth: rounded(growth) })}\n`);
  return {
    name: 'agent-rss',
    value: rounded(idle.residentMegabytes),
    unit: 'MB resident, idle after a refresh',
    baseline: rounded(bare.residentMegabytes),
    ratio: rounded(ratio),
    goal: `ratio <= ${GOAL_RATIO}, private <= ${GOAL_PRIVATE} MB, after ${POLLS} polls <= ${GOAL_GROWTH} times both`,
    pass: ratio <= GOAL_RATIO && idle.privateMegabytes <= GOAL_PRIVATE && growth <= GOAL_GROWTH,
  };
}

/** With the environment and the options of Node that its systemd unit gives it. */
async function startAsUnit({ bundle, device, folder }: AgentGround): Promise<Child> {
  const unit = await readFile(UNIT, 'utf8');
  const options = /^ExecStart=\/usr\/bin\/node (--.*) \/usr\/lib\//m.exec(unit)?.[1]?.split(' ');
  const environment = [...unit.matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  if (!options || environment.length === 0) throw new Error(`${UNIT.pathname} starts the agent in another way`);
  return startChild({
    args: [...options, bundle, 'run', '--config', device.configFile],
    env: Object.fromEntries(environment),
    logFile: join(folder, 'agent.log'),
    isReady: line => line.includes('"ready"'),
  });
}

/** @returns how many check-ins the server counted, at least `POLLS` */
async function poll(ground: AgentGround): Promise<number> {
  const before = await checkIns(ground);
  for (;;) {
    const polls = (await checkIns(ground)) - before;
    if (polls >= POLLS) return polls;
    for (let i = 0; i < ASKED_AT_ONCE; i++) await ground.device.api.send('POST', '/v1/check');
  }
}

async function isIdle({ device }: AgentGround): Promise<boolean> {
  const { state, nextCheckInSeconds } = await device.api.get<AgentStatus>('/v1/status');
  return state === 'idle' && nextCheckInSeconds > 0;
}

async function checkIns({ server }: AgentGround): Promise<number> {
  const metrics = await (await fetch(`${server.adminUrl}/metrics`)).text();
  return Number(/^tidegate_check_ins_total(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? 0);
}
