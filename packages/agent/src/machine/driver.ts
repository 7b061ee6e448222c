/**
 * Drives the machine: writes the next state, then acts on it; after a crash it runs the same step again. "Later" is a
 * thrown error and becomes a wait; the owner's wake ends any wait.
 */
import { type AgentError, asAgentError } from '../agent-error.ts';
import { backoffMs } from './backoff.ts';
import type { MachineDeps } from './deps.ts';
import { doneStep } from './done.ts';
import { downloadingStep } from './downloading.ts';
import { idleStep } from './idle.ts';
import { installingStep } from './installing.ts';
import type { Journal } from './journal.ts';
import { verdictOn } from './permission.ts';
import { rebootingStep } from './rebooting.ts';
import { reconcile } from './reconcile.ts';
import { done, type State } from './state.ts';
import { type Steps, takeStep } from './steps.ts';
import { trialStep } from './trial.ts';

export interface Driver {
  state(): State;
  /** Until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** One check-in and what follows from it, without waiting. @throws AgentError what stands in the way for now */
  runOnce(signal: AbortSignal): Promise<void>;
}

/** Our own faults are retried this often before the update is given up; the journal's fault never counts here. */
const BUGS_MAX = 5;

export async function createDriver(deps: MachineDeps, journal: Journal): Promise<Driver> {
  const { clock, log } = deps;
  const steps: Steps = {
    idle: idleStep(deps),
    downloading: downloadingStep(deps),
    installing: installingStep(deps),
    rebooting: rebootingStep(deps),
    trial: trialStep(deps),
    done: doneStep(deps),
  };
  const read = await journal.read();
  if (read.fault !== undefined) log.error({ fault: read.fault }, 'the journal cannot be read; the slots decide');
  let state = read.state;
  let isReconciled = false;
  let failures = 0;

  /** One step; its result is durable before anything else happens. */
  const advance = async (signal: AbortSignal): Promise<void> => {
    deps.pulse.works(state.name);
    if (!isReconciled) {
      await reconcile(deps, state);
      isReconciled = true;
    }
    await deps.courier.entered(state);
    const next = await takeStep(steps, state, signal);
    await journal.write(next);
    if (next.name !== state.name) log.info({ from: state.name, to: next.name, ...summary(next) }, 'state');
    state = next;
    failures = 0;
    deps.onState(state);
  };

  const later = async (error: AgentError): Promise<number> => {
    if (error.code === 'not-now') {
      log.info({ state: state.name, why: error.message }, 'waits');
      return (error.retryAfterSeconds ?? 60) * 1000;
    }
    failures += 1;
    log.warn({ code: error.code, state: state.name, failures, why: error.message }, 'later');
    if (error.code !== 'network' && error.code !== 'stopped') await deps.courier.obstacle(state, error);
    const isOurs = error.class === 'bug' && failures >= BUGS_MAX;
    if (isOurs && (state.name === 'downloading' || state.name === 'installing')) {
      const at = new Date(clock.now()).toISOString();
      state = done(state, at, { state: 'failed', code: error.code, detail: error.message });
      return 0;
    }
    return backoffMs(deps.backoff, failures, deps.random(), error.retryAfterSeconds);
  };

  /** Idle until a check-in is due, or time ends the wait of an offer. */
  const pauseMs = (): number => {
    if (state.name !== 'idle' || failures > 0) return 0;
    const dueMs = deps.schedule.dueInMs();
    const verdict = state.waiting && verdictOn(deps, state.waiting, 'download');
    if (verdict?.kind === 'yes') return 0;
    return verdict?.untilMs === undefined ? dueMs : Math.min(dueMs, Math.max(0, verdict.untilMs - clock.now()));
  };

  const rest = async (ms: number, signal: AbortSignal) => {
    deps.pulse.waits(ms);
    if (ms > 0) await clock.sleep(ms, AbortSignal.any([signal, deps.wake.signal()]));
  };

  return {
    state: () => state,

    async run(signal) {
      while (!signal.aborted) {
        await rest(pauseMs(), signal);
        if (signal.aborted) return;
        const wakes = deps.wake.signal();
        try {
          await advance(signal);
        } catch (error) {
          const ms = await later(asAgentError(error));
          // A wake during the step was meant for what comes now.
          if (!wakes.aborted) await rest(ms, signal);
        }
      }
    },

    async runOnce(signal) {
      deps.schedule.now();
      do {
        await advance(signal);
      } while (state.name !== 'idle' && !signal.aborted);
      await deps.courier.send(signal);
    },
  };
}

function summary(state: State) {
  if (state.name === 'idle') return {};
  const { component, target } = state.update;
  const { outcome } = state.name === 'done' ? state : {};
  return {
    component,
    version: target.firmware.version,
    ...(outcome ? { outcome: outcome.state, code: outcome.code } : {}),
  };
}
