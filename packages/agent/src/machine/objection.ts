/**
 * Asked before installing and before activating: does anything speak against this update now? Newer valid lists without
 * it, a hold, or the server's stop do. No answer is no objection, until the lists under which it was accepted expire.
 */
import type { Code } from '@tidegate/protocol';
import { AgentError, asAgentError } from '../agent-error.ts';
import { checkIn, deviceFacts } from './check-in.ts';
import type { MachineDeps } from './deps.ts';
import type { State, Update } from './state.ts';

type AtWork = State & { readonly update: Update };

export interface Objection {
  readonly code: Code;
  readonly detail: string;
}

/** Tries one refresh and one check-in. @throws AgentError metadata-expired where the update may not go on for now */
export async function objectionNow(
  deps: MachineDeps,
  state: AtWork,
  signal: AbortSignal,
): Promise<Objection | undefined> {
  try {
    await deps.trust.refresh(signal);
  } catch (error) {
    const fault = asAgentError(error);
    // Lists that are not valid say nothing; the last good ones go on to count.
    deps.log.info({ code: fault.code, why: fault.message }, 'no newer signed lists');
    if (fault.code !== 'network') await logRefusal(deps, fault, state.update.target.path);
  }
  return (await objectionOfLists(deps, state.update)) ?? (await objectionOfServer(deps, state, signal));
}

/**
 * The same while an update is tried again, at most once in `pollDuringUpdateSeconds`, or where a check-in is due, as after an
 * event: what takes long must still hear of newer lists and of a stop. In between, the lists that are here are asked.
 */
export function objectionMeanwhile(
  deps: MachineDeps,
  state: AtWork,
  signal: AbortSignal,
): Promise<Objection | undefined> {
  const isRecent = deps.schedule.sinceAnswerMs() < state.update.pollDuringUpdateSeconds * 1000;
  return isRecent && !deps.schedule.isDue() ? objectionOfLists(deps, state.update) : objectionNow(deps, state, signal);
}

/**
 * The same while an update waits for its owner or its window, as seldom as a device at rest comes by: a fleet may wait
 * for most of the day.
 */
export function objectionWhileWaiting(
  deps: MachineDeps,
  state: AtWork,
  signal: AbortSignal,
): Promise<Objection | undefined> {
  return deps.schedule.isDue() ? objectionNow(deps, state, signal) : objectionOfLists(deps, state.update);
}

/** Asks the lists that are here. @throws AgentError metadata-expired */
async function objectionOfLists(deps: MachineDeps, update: Update): Promise<Objection | undefined> {
  const { path, sha256, validUntil } = update.target;
  try {
    const accepted = await deps.trust.accept(path, await deviceFacts(deps));
    return accepted.sha256 === sha256
      ? undefined
      : { code: 'withdrawn', detail: 'the signed lists name other bytes now' };
  } catch (error) {
    const fault = asAgentError(error);
    if (fault.code === 'target-not-signed') return { code: 'withdrawn', detail: fault.message };
    if (fault.class === 'reject') return { code: fault.code, detail: fault.message };
    if (fault.code !== 'metadata-expired') throw fault;
  }
  // What was accepted in time may go on under the lists of then, though those of now have ended.
  if (deps.trust.trustedNow() >= Date.parse(validUntil))
    throw new AgentError('metadata-expired', `accepted under lists that were valid until ${validUntil}`);
  return undefined;
}

/** Only a clear stop counts; a server that cannot be reached stops nothing. */
export async function objectionOfServer(
  deps: MachineDeps,
  state: AtWork,
  signal: AbortSignal,
): Promise<Objection | undefined> {
  const { rolloutId } = state.update;
  try {
    const answer = await checkIn(deps, state, signal);
    // What the device offered by itself belongs to no rollout: only signed lists end it.
    if (rolloutId !== undefined && answer?.stop.includes(rolloutId))
      return { code: 'stopped', detail: 'the server stopped the rollout' };
  } catch (error) {
    deps.log.info({ why: asAgentError(error).message }, 'the server could not be asked');
  }
  return undefined;
}

export function logRefusal(deps: MachineDeps, error: AgentError, target?: string): Promise<void> {
  return deps.securityLog.record(error.code, error.message, new Date(deps.clock.now()).toISOString(), target);
}
