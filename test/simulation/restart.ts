/**
 * A fleet that loses power and comes back in one moment, in virtual time: the agent's own schedule and backoff against
 * the server's own intervals, budget and Retry-After. Only the network between them is left out: an answer takes no time.
 * The same seed gives the same run.
 */
import { backoffMs, createSchedule } from '@tidegate/agent';
import { type Bucket, draw, pollAfterSeconds, pollIntervalSeconds, retryAfterSeconds } from '@tidegate/server';
import { seededRandom } from './seeded-random.ts';

export interface RestartPlan {
  readonly devices: number;
  /** Check-ins a second that the server is to carry. */
  readonly budget: number;
  readonly pollSeconds: number;
  /** The agent's own, of its defaults. */
  readonly firstCheckWithinSeconds: number;
  readonly cutAtSeconds: number;
  readonly backAtSeconds: number;
  readonly endSeconds: number;
  readonly seed: number;
}

/** One count a second. */
export interface RestartRun {
  readonly arrivals: readonly number[];
  readonly served: readonly number[];
  /** From the return of the power until every device was served; Infinity where some was not. */
  readonly allServedSeconds: number;
}

/** How the server paces its fleet. */
export interface Pacing {
  /** @returns seconds until the next check-in, or that it is turned away for so long */
  readonly answer: (deviceId: string, nowMs: number) => { readonly served: boolean; readonly seconds: number };
}

export const DEFAULT_PLAN: RestartPlan = {
  devices: 100_000,
  budget: 500,
  pollSeconds: 300,
  firstCheckWithinSeconds: 30,
  cutAtSeconds: 120,
  backAtSeconds: 180,
  endSeconds: 1380,
  seed: 1,
};

const BACKOFF = { baseSeconds: 2, maxSeconds: 3600 };
/** Virtual time begins at no special place within an interval. */
const EPOCH_MS = Date.parse('2026-03-01T12:34:56Z');

/** As the server does it. */
export function ourPacing(plan: RestartPlan): Pacing {
  const random = seededRandom(plan.seed + 1);
  const wanted = { pollSeconds: plan.pollSeconds, pollSecondsMax: 86_400, checkInsPerSecond: plan.budget };
  const interval = pollIntervalSeconds(wanted, plan.devices);
  let bucket: Bucket | undefined;
  return {
    answer: (deviceId, nowMs) => {
      const drawn = draw(bucket, { perSecond: plan.budget, burst: plan.budget }, nowMs);
      bucket = drawn.bucket;
      if (!drawn.isTaken) return { served: false, seconds: retryAfterSeconds('opening', interval, random()) };
      return { served: true, seconds: pollAfterSeconds(deviceId, interval, new Date(EPOCH_MS + nowMs)) };
    },
  };
}

/** What it is held against: everybody is served at once and told the same interval, give or take a tenth. */
export function plainPacing(plan: RestartPlan): Pacing {
  const random = seededRandom(plan.seed + 1);
  return { answer: () => ({ served: true, seconds: Math.round(plan.pollSeconds * (0.9 + 0.2 * random())) }) };
}

export function simulateRestart(plan: RestartPlan, pacing: Pacing): RestartRun {
  const random = seededRandom(plan.seed);
  const clock = { ms: 0 };
  const agentClock = { monotonicMs: () => clock.ms };
  const ids = Array.from({ length: plan.devices }, () => hex(random));
  const failures = new Uint16Array(plan.devices);
  const arrivals = Array.from({ length: plan.endSeconds }, () => 0);
  const served = Array.from({ length: plan.endSeconds }, () => 0);
  const waiting = new Set(ids.keys());
  let allServedSeconds = Number.POSITIVE_INFINITY;

  const agenda = new Agenda(plan.endSeconds);
  const boot = (withinSeconds: number) =>
    ids.map((_, device) => {
      failures[device] = 0;
      const schedule = createSchedule(agentClock, withinSeconds, random);
      agenda.add(clock.ms + schedule.dueInMs(), device);
      return schedule;
    });

  /** At rest: the fleet comes evenly before the cut. */
  let schedules = boot(plan.pollSeconds);
  for (let second = 0; second < plan.endSeconds; second++) {
    if (second === plan.cutAtSeconds) agenda.clear();
    if (second === plan.backAtSeconds) {
      clock.ms = second * 1000;
      schedules = boot(plan.firstCheckWithinSeconds);
    }
    for (const { atMs, device } of agenda.take(second)) {
      clock.ms = atMs;
      arrivals[second] = (arrivals[second] ?? 0) + 1;
      const answer = pacing.answer(ids[device] ?? '', atMs);
      if (answer.served) {
        served[second] = (served[second] ?? 0) + 1;
        failures[device] = 0;
        schedules[device]?.after(answer.seconds);
        agenda.add(atMs + (schedules[device]?.dueInMs() ?? 0), device);
        if (second >= plan.backAtSeconds && waiting.delete(device) && waiting.size === 0) {
          allServedSeconds = second - plan.backAtSeconds;
        }
      } else {
        failures[device] = (failures[device] ?? 0) + 1;
        agenda.add(atMs + backoffMs(BACKOFF, failures[device] ?? 1, random(), answer.seconds), device);
      }
    }
  }
  return { arrivals, served, allServedSeconds };
}

interface Visit {
  readonly atMs: number;
  readonly device: number;
}

/** Visits by second; every pause is a second at least, so none falls into the second that is being worked off. */
class Agenda {
  readonly #bySecond: Visit[][];
  constructor(seconds: number) {
    this.#bySecond = Array.from({ length: seconds }, () => []);
  }
  add(atMs: number, device: number): void {
    this.#bySecond[Math.floor(atMs / 1000)]?.push({ atMs, device });
  }
  take(second: number): Visit[] {
    return (this.#bySecond[second] ?? []).toSorted((a, b) => a.atMs - b.atMs || a.device - b.device);
  }
  clear(): void {
    for (const visits of this.#bySecond) visits.length = 0;
  }
}

function hex(random: () => number): string {
  const part = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return part() + part() + part() + part();
}
