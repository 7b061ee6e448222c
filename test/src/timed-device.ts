/**
 * A device whose time is the test's: the agent as a library, one run at a time as a timer starts it, one file as its
 * software.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Agent,
  type AgentStatus,
  type Clock,
  createAgent,
  durableFiles,
  enrolDevice,
  readConfig,
  systemClock,
} from '@tidegate/agent';
import { pino } from 'pino';
import { stringify } from 'yaml';
import { manufactureSingleFile } from './single-file.ts';

/** Time stands still but for `pass`; what sleeps is woken by its signal alone. */
export interface StillClock extends Clock {
  pass(ms: number): void;
}

export function makeStillClock(startMs: number): StillClock {
  let passedMs = 0;
  return {
    now: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    local: systemClock.local,
    sleep: (_ms, signal) =>
      new Promise(resolve => {
        if (signal?.aborted) resolve();
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    pass: ms => {
      passedMs += ms;
    },
  };
}

export interface TimedDevicePlan {
  readonly folder: string;
  readonly clock: Clock;
  readonly rootFile: string;
  readonly server?: string;
  readonly mirrors?: readonly string[];
}

export interface TimedDevice {
  readonly configFile: string;
  /** By which it finds its place in schedules while it has no server. */
  ownId(): Promise<string>;
  enrol(claimToken: string): Promise<void>;
  /** Sends the owner's commands, without a run. */
  owner(method: string, path: string, body?: unknown): Promise<void>;
  /** One run; what stands in its way for now is no failure. `killAt`: the state in which the power goes. */
  run(killAt?: string): Promise<AgentStatus>;
}

const SOCKETS = { adminSocket: '/tmp/unused-admin.sock', userSocket: '/tmp/unused-user.sock' };

export async function manufactureTimed(plan: TimedDevicePlan): Promise<TimedDevice> {
  const { folder, clock } = plan;
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'agent.yaml');
  await writeFile(
    configFile,
    stringify({
      product: 'gw2',
      hardware: 'gw2-a',
      channel: 'stable',
      channels: ['stable'],
      ...(plan.server === undefined ? {} : { server: plan.server }),
      ...(plan.mirrors === undefined ? {} : { mirrors: plan.mirrors }),
      rootFile: plan.rootFile,
      builtAt: new Date(clock.now()).toISOString(),
      netDir: join(folder, 'net'),
      trustDir: join(folder, 'trust'),
      ...SOCKETS,
      backoff: { baseSeconds: 0.01, maxSeconds: 0 },
      components: [await manufactureSingleFile(folder)],
    }),
  );
  const around = { clock, random: Math.random, files: durableFiles, log: pino({ level: 'silent' }) };
  const status = (agent: Agent) => agent.owner.call('user', 'GET', '/v1/status', undefined) as Promise<AgentStatus>;
  const withAgent = async <T>(work: (agent: Agent, signal: AbortSignal) => Promise<T>, killAt?: string): Promise<T> => {
    const stop = new AbortController();
    const onState = ({ name }: { name: string }) => {
      if (name === killAt) stop.abort();
    };
    const agent = await createAgent(await readConfig(configFile), { ...around, onState });
    try {
      return await work(agent, stop.signal);
    } finally {
      await agent.close({ stopService: true });
    }
  };

  return {
    configFile,
    ownId: async () => {
      const kept = JSON.parse(await readFile(join(folder, 'trust/silence.a.json'), 'utf8')) as {
        body: { ownId: string };
      };
      return kept.body.ownId;
    },
    enrol: async claimToken => {
      const way = () => ({ by: 'claim-token', claimToken }) as const;
      await enrolDevice(await readConfig(configFile), around, { way, automatic: undefined });
    },
    owner: (method, path, body) => withAgent(async agent => void (await agent.owner.call('admin', method, path, body))),
    run: killAt =>
      withAgent(async (agent, signal) => {
        await agent.runOnce(signal).catch(() => undefined);
        return status(agent);
      }, killAt),
  };
}
