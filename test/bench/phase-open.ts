/**
 * How soon a decision reaches devices, over two server processes on one PostgreSQL that are asked without a pause: from
 * the report that lets a phase open to the first offer of that phase, and from a stop to the last offer of any process.
 */
import { type CheckInAnswer, DEVICE_API, type Offer, type Report, type RolloutView } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { sql } from 'kysely';
import { pino } from 'pino';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { openSharedGround } from './ground.ts';
import { type BenchResult, rounded } from './result.ts';
import { warmDevices } from './warm-fleet.ts';

const PHASES = 60;
const STOPS = 40;
const GOAL_MS = 1000;
const SHA256 = 'ab'.repeat(32);
const silent = pino({ level: 'silent' });

interface Device {
  readonly body: string;
  readonly headers: Record<string, string>;
}

export async function phaseOpen(): Promise<BenchResult> {
  await using ground = await openSharedGround();
  await using closing = new AsyncDisposableStack();
  const plan = { ...ground.plan, pollSeconds: 300 };
  const servers = [await startServerProcess(plan), await startServerProcess(plan)];
  for (const { child } of servers) closing.use(child);
  const [first] = servers;
  if (!first) throw new Error('no server');
  const devices = await warmDevices(first, PHASES + 1);
  await seedReleases(ground.databaseUrl);

  const opened = await phaseTimes(servers, devices);
  const stopped = await stopTimes(servers, devices);
  const [open99, stop99] = [percentile(opened, 0.99), percentile(stopped, 0.99)];
  const figures = {
    opened: opened.length,
    openP50: percentile(opened, 0.5),
    openP99: open99,
    stopP50: percentile(stopped, 0.5),
    stopP99: stop99,
  };
  process.stderr.write(`${JSON.stringify(figures)}\n`);
  return {
    name: 'phase-open',
    value: rounded(open99),
    unit: 'ms from the report that opens a phase to its first offer, 99th percentile',
    baseline: rounded(stop99),
    ratio: null,
    goal: `value < ${GOAL_MS}; baseline, the same from a stop to the last offer, < ${GOAL_MS}`,
    pass: open99 < GOAL_MS && stop99 < GOAL_MS,
  };
}

async function seedReleases(databaseUrl: string): Promise<void> {
  const db = openDatabase(databaseUrl, silent);
  await sql`
    insert into releases (target, product, channel, component, version, counter, class, hardware, sha256, length_bytes)
    values ('gw2/stable/app/1.1.0/app.tar', 'gw2', 'stable', 'app', '1.1.0', 2, 'security', '{gw2-a}', ${SHA256}, 10),
           ('gw2/stable/app/1.2.0/app.tar', 'gw2', 'stable', 'app', '1.2.0', 3, 'feature', '{gw2-a}', ${SHA256}, 10)`.execute(
    db,
  );
  await db.destroy();
}

/** A phase for each device: the next one opens when the one before has verified. */
async function phaseTimes(servers: readonly ServerProcess[], devices: readonly Device[]): Promise<number[]> {
  const phases = Array.from({ length: PHASES }, (_, i) => ({ devices: i + 1 }));
  const rollout = await servers[0]?.admin.post<RolloutView>('/rollouts', {
    target: 'gw2/stable/app/1.1.0/app.tar',
    phases,
    // What is measured is the machinery: only what is urgent need not soak.
    urgent: true,
    gate: { minVerified: 1, soakSeconds: 0, silenceSeconds: 3600 },
  });
  const waiting = [...devices];
  const times: number[] = [];
  let reportedAt: number | undefined;
  for (let phase = 0; phase < PHASES; phase++) {
    const { offer, device, at } = await firstOffer(servers, waiting);
    if (reportedAt !== undefined) times.push(at - reportedAt);
    waiting.splice(waiting.indexOf(device), 1);
    reportedAt = await verify(servers[phase % servers.length], device, offer, phase);
  }
  await servers[0]?.admin.post(`/rollouts/${rollout?.id}/stop`);
  return times;
}

async function firstOffer(servers: readonly ServerProcess[], waiting: readonly Device[]) {
  for (;;) {
    const answers = await Promise.all(
      waiting.slice(0, 8).map(async (device, i) => {
        const { offer } = await checkIn(servers[i % servers.length], device);
        return { device, offer, at: performance.now() };
      }),
    );
    const found = answers.find(a => a.offer !== null);
    if (found?.offer) return { ...found, offer: found.offer };
  }
}

/** @returns when the report was acknowledged */
async function verify(server: ServerProcess | undefined, device: Device, offer: Offer, index: number): Promise<number> {
  const { rolloutId, attempt, target, component, counter } = offer;
  const report: Report = {
    id: index.toString(16).padStart(32, '0'),
    rolloutId,
    attempt,
    target,
    component,
    counter,
    version: '1.1.0',
    sha256: SHA256,
    state: 'verified',
    at: new Date().toISOString(),
  };
  await post(`${server?.deviceUrl}${DEVICE_API}/reports`, JSON.stringify({ reports: [report] }), device.headers);
  return performance.now();
}

/** Devices ask both processes without a pause, while the rollout is stopped and resumed again and again. */
async function stopTimes(servers: readonly ServerProcess[], devices: readonly Device[]): Promise<number[]> {
  const admin = servers[0]?.admin;
  const rollout = await admin?.post<RolloutView>('/rollouts', {
    target: 'gw2/stable/app/1.2.0/app.tar',
    phases: [{ basisPoints: 10_000 }],
  });
  const lastOfferAt = servers.map(() => 0);
  const end = new AbortController();
  const askers = servers.flatMap((server, s) =>
    devices.slice(s * 4, s * 4 + 4).map(async device => {
      while (!end.signal.aborted) {
        const { offer } = await checkIn(server, device);
        if (offer) lastOfferAt[s] = performance.now();
      }
    }),
  );
  const offering = async (since: number) => {
    while (lastOfferAt.some(at => at <= since)) await pause(5);
  };
  const times: number[] = [];
  for (let i = 0; i < STOPS; i++) {
    await offering(performance.now());
    const stoppedAt = performance.now();
    await admin?.post(`/rollouts/${rollout?.id}/stop`);
    // Twice the goal without an offer: nothing comes any more.
    await pause(2 * GOAL_MS);
    times.push(...lastOfferAt.map(at => Math.max(0, at - stoppedAt)));
    await admin?.post(`/rollouts/${rollout?.id}/resume`);
  }
  end.abort();
  await Promise.all(askers);
  return times;
}

async function checkIn(server: ServerProcess | undefined, { body, headers }: Device): Promise<CheckInAnswer> {
  return await post<CheckInAnswer>(`${server?.deviceUrl}${DEVICE_API}/check-in`, body, headers);
}

async function post<T>(url: string, body: string, headers: Record<string, string>): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
}
