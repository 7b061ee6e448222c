/**
 * Nothing under way: check in, look at what is offered, ask the signed lists and the owner. An offer grants nothing; it
 * is refused here with the code of the first rule that it breaks, before a byte of it is fetched.
 */
import type { Offer } from '@tidegate/protocol';
import { AgentError, asAgentError } from '../agent-error.ts';
import { WAIT_TEXT } from '../policy/may-i.ts';
import type { AcceptedTarget } from '../ports.ts';
import { checkIn, deviceFacts } from './check-in.ts';
import type { MachineDeps } from './deps.ts';
import { logRefusal } from './objection.ts';
import { verdictOn } from './permission.ts';
import type { Downloading, Idle, Update } from './state.ts';

/** Lists are looked at this often without an offer, so that a server that withholds all is noticed. */
const REFRESH_EVERY_MS = 3600_000;
const NOT_ENROLLED_SECONDS = 3600;

export function idleStep(deps: MachineDeps) {
  let refreshedAtMs = Number.NEGATIVE_INFINITY;

  const refresh = async (signal: AbortSignal) => {
    try {
      await deps.trust.refresh(signal);
    } catch (error) {
      // Between two states of a CDN lists may not fit together: what fails as not authentic gets one more try.
      if (asAgentError(error).class !== 'reject') throw error;
      await deps.trust.refresh(signal);
    }
    refreshedAtMs = deps.clock.monotonicMs();
  };

  const consider = async (idle: Idle, offer: Offer, signal: AbortSignal): Promise<Idle | Downloading> => {
    let target: AcceptedTarget;
    try {
      await refresh(signal);
      target = await deps.trust.accept(offer.target, await deviceFacts(deps));
      if (!deps.installers.has(target.firmware.component))
        throw new AgentError('schema-unknown', `this device has no component ${target.firmware.component}`);
    } catch (error) {
      return refuse(deps, idle, offer, asAgentError(error));
    }
    const { rolloutId, attempt, notBefore, pollDuringUpdateSeconds } = offer;
    const { component } = target.firmware;
    const update: Update = { rolloutId, attempt, component, notBefore, pollDuringUpdateSeconds, target };
    const verdict = verdictOn(deps, update);
    // It stays in sight: the owner may ask for one more try.
    if (verdict.kind === 'wait' && verdict.reason === 'failed-before') {
      const cause = deps.attempts.find(update)?.cause ?? 'internal';
      await deps.courier.refused(offer, new AgentError(cause, WAIT_TEXT['failed-before']));
    } else await deps.courier.tell(update, 'offered');
    return decide({ ...withoutWaiting(idle), waiting: update });
  };

  const decide = (idle: Idle & { waiting: Update }): Idle | Downloading => {
    if (verdictOn(deps, idle.waiting).kind === 'wait') return idle;
    return { name: 'downloading', ...(idle.last ? { last: idle.last } : {}), update: idle.waiting };
  };

  return async (idle: Idle, signal: AbortSignal): Promise<Idle | Downloading> => {
    if (!deps.server.enrolled())
      throw new AgentError('not-now', 'this device is not enrolled yet: tidegate-agent enrol', {
        retryAfterSeconds: NOT_ENROLLED_SECONDS,
      });
    const { waiting } = idle;
    if (!deps.schedule.isDue()) return waiting ? decide({ ...idle, waiting }) : idle;
    const answer = await checkIn(deps, idle, signal);
    await deps.courier.send(signal);
    if (answer.offer) return consider(idle, answer.offer, signal);
    if (deps.clock.monotonicMs() - refreshedAtMs >= REFRESH_EVERY_MS)
      await lookForStaleness(deps, () => refresh(signal));
    return withoutWaiting(idle);
  };
}

/** A refusal is in the device's own log and goes to the server; the server that offered it learns nothing at once. */
async function refuse(deps: MachineDeps, idle: Idle, offer: Offer, error: AgentError): Promise<Idle> {
  if (!isAboutTheOffer(error)) throw error;
  await logRefusal(deps, error, offer.target);
  await deps.courier.refused(offer, error);
  const at = new Date(deps.clock.now()).toISOString();
  return { name: 'idle', last: { state: 'failed', code: error.code, detail: error.message, target: offer.target, at } };
}

function isAboutTheOffer(error: AgentError): boolean {
  const waits = ['metadata-expired', 'requirement-missing', 'stepping-stone-missing'];
  return error.class === 'reject' || waits.includes(error.code);
}

async function lookForStaleness(deps: MachineDeps, refresh: () => Promise<void>): Promise<void> {
  try {
    await refresh();
  } catch (error) {
    const fault = asAgentError(error);
    if (fault.class !== 'reject' && fault.code !== 'metadata-expired') throw fault;
    await logRefusal(deps, fault);
    await deps.courier.alarm(fault);
  }
}

function withoutWaiting({ waiting: _waiting, ...idle }: Idle): Idle {
  return idle;
}
