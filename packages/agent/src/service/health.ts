/**
 * Whether new software works: it answers 200, again and again, for long enough, while its process stays up, before a
 * deadline. The judgement is pure; the loop around it only asks and waits.
 */
import { get } from 'node:http';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';

export interface HealthSettings {
  readonly url: string;
  readonly intervalSeconds: number;
  readonly healthyForSeconds: number;
  readonly deadlineSeconds: number;
}

export interface Observation {
  readonly nowMs: number;
  readonly answered: boolean;
  /** How often the process died since the watch began. */
  readonly deaths: number;
}

export interface Watch {
  readonly sinceMs: number;
  readonly deaths: number;
  readonly everAnswered: boolean;
  /** Start of the unbroken row of good answers. */
  readonly healthySinceMs?: number;
}

type Judgement =
  | { readonly kind: 'watch'; readonly watch: Watch }
  | { readonly kind: 'healthy' }
  | { readonly kind: 'failed'; readonly code: 'boot-failed' | 'health-failed' | 'trial-timeout' };

const DEATHS_MAX = 3;
const PROBE_MS = 2000;

export function judge(watch: Watch, seen: Observation, settings: HealthSettings): Judgement {
  const everAnswered = watch.everAnswered || seen.answered;
  // A death breaks the row, even where something else answers on the port.
  const isUnbroken = seen.answered && seen.deaths === watch.deaths;
  const healthySinceMs = isUnbroken ? (watch.healthySinceMs ?? seen.nowMs) : undefined;
  if (healthySinceMs !== undefined && seen.nowMs - healthySinceMs >= settings.healthyForSeconds * 1000)
    return { kind: 'healthy' };
  if (seen.deaths >= DEATHS_MAX) return { kind: 'failed', code: 'boot-failed' };
  if (seen.nowMs - watch.sinceMs >= settings.deadlineSeconds * 1000) {
    if (seen.deaths > 0 && !everAnswered) return { kind: 'failed', code: 'boot-failed' };
    return { kind: 'failed', code: everAnswered ? 'trial-timeout' : 'health-failed' };
  }
  const { sinceMs } = watch;
  const next = { sinceMs, deaths: seen.deaths, everAnswered };
  return { kind: 'watch', watch: healthySinceMs === undefined ? next : { ...next, healthySinceMs } };
}

/** @throws AgentError boot-failed, health-failed, trial-timeout; not-now where the signal fired first */
export async function proveHealthy(
  settings: HealthSettings,
  deaths: () => number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const before = deaths();
  let watch: Watch = { sinceMs: clock.monotonicMs(), deaths: 0, everAnswered: false };
  for (;;) {
    if (signal.aborted) throw new AgentError('not-now', 'the agent stops during the trial');
    const answered = await answers200(settings.url);
    const judged = judge(watch, { nowMs: clock.monotonicMs(), answered, deaths: deaths() - before }, settings);
    if (judged.kind === 'healthy') return;
    if (judged.kind === 'failed') throw new AgentError(judged.code, `${settings.url} did not prove healthy`);
    watch = judged.watch;
    await clock.sleep(settings.intervalSeconds * 1000, signal);
  }
}

function answers200(url: string): Promise<boolean> {
  return new Promise(resolve => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(PROBE_MS) }, response => {
      // The status says it all; a body without end is not read.
      response.destroy();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
