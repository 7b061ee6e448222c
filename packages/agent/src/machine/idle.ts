/**
 * Nothing under way: check in, look at what is offered and at what is due by the signed lists alone, ask the owner. An
 * offer grants nothing; it is refused here with the code of the first rule that it breaks, before a byte of it is fetched.
 */
import type { CheckInAnswer, Offer } from '@tidegate/protocol';
import { AgentError, asAgentError } from '../agent-error.ts';
import { WAIT_TEXT } from '../policy/may-i.ts';
import type { AcceptedTarget } from '../ports.ts';
import { checkIn, deviceFacts } from './check-in.ts';
import type { MachineDeps } from './deps.ts';
import { logRefusal } from './objection.ts';
import { ownOffer, preferred } from './own-offer.ts';
import { verdictOn } from './permission.ts';
import type { Downloading, Idle, Outcome, Update } from './state.ts';

/** Lists are looked at this often without an offer, so that a server that withholds all is noticed. */
const REFRESH_EVERY_MS = 3600_000;
const NOT_ENROLLED_SECONDS = 3600;
/** A server that sheds load or restarts is left alone: the lists are looked at only where it has been silent for so long. */
const SILENCE_MS = 86_400_000;
/** A silent server is asked again, while what the device found by itself waits for its owner. */
const ASK_AGAIN_SECONDS = 600;

/** What the server said: nothing where there is none, a fault where it could not be asked. */
type Word = { readonly answer?: CheckInAnswer | undefined; readonly fault?: AgentError };
/** What became of an offer: an update, or why it was refused. */
type Judged =
  | { readonly update: Update; readonly refused?: never }
  | { readonly refused: Outcome; readonly update?: never };

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
    const { descriptor } = await deps.trust.notices();
    if (descriptor) await deps.productCard.renew(descriptor, signal);
  };

  /** @throws AgentError what says nothing about the offer */
  const judge = async (offer: Offer, signal: AbortSignal): Promise<Judged> => {
    try {
      await refresh(signal);
      const target = await deps.trust.accept(offer.target, await deviceFacts(deps));
      const { component } = target.firmware;
      if (!deps.installers.has(component))
        throw new AgentError('schema-unknown', `this device has no component ${component}`);
      return { update: updateOf(offer, target) };
    } catch (error) {
      return { refused: await refusal(deps, offer, asAgentError(error)) };
    }
  };

  /** What is due by the signed lists: where it is time to look at them, or an offer just brought them up to date. */
  const lookForOwn = async (idle: Idle, { answer, fault }: Word, signal: AbortSignal): Promise<Update | undefined> => {
    const isFresh = Boolean(answer?.offer);
    const isTime = !deps.server || deps.clock.monotonicMs() - refreshedAtMs >= REFRESH_EVERY_MS;
    if (!isFresh && !isTime) return idle.waiting?.rolloutId === undefined ? idle.waiting : undefined;
    try {
      if (!isFresh) await refresh(signal);
      return await ownOffer(deps);
    } catch (error) {
      const stale = asAgentError(error);
      if (stale.class !== 'reject' && stale.code !== 'metadata-expired') throw fault ?? stale;
      // Its maker said, signed, that nothing more will come: that the lists grow old is then no alarm.
      if (stale.code === 'metadata-expired' && (await deps.trust.notices()).retired) return undefined;
      await logRefusal(deps, stale);
      await deps.courier.alarm(stale);
      return undefined;
    }
  };

  const decide = (idle: Idle & { waiting: Update }): Idle | Downloading => {
    if (verdictOn(deps, idle.waiting, 'download').kind === 'wait') return idle;
    return { name: 'downloading', ...(idle.last ? { last: idle.last } : {}), update: idle.waiting };
  };

  return async (idle: Idle, signal: AbortSignal): Promise<Idle | Downloading> => {
    const { waiting } = idle;
    if (!deps.schedule.isDue()) return waiting ? decide({ ...idle, waiting }) : idle;
    const word = await askServer(deps, idle, signal);
    const judged = word.answer?.offer ? await judge(word.answer.offer, signal) : undefined;
    const own = await lookForOwn(idle, word, signal);
    if (word.fault && !own) throw word.fault;
    // A server that could not be asked has taken nothing back.
    const offered = judged?.update ?? (word.fault && waiting?.rolloutId !== undefined ? waiting : undefined);
    const next = preferred(offered, own, idle.last, deps.clock.now());
    if (!word.answer) deps.schedule.again(deps.server ? ASK_AGAIN_SECONDS : pollSeconds(deps));
    const rested = { ...withoutWaiting(idle), ...(judged?.refused ? { last: judged.refused } : {}) };
    if (!next) return rested;
    await tell(deps, next, word.answer?.offer);
    return decide({ ...rested, waiting: next });
  };
}

/** @throws AgentError what is not for the lists to make up for */
async function askServer(deps: MachineDeps, idle: Idle, signal: AbortSignal): Promise<Word> {
  try {
    if (deps.server && !deps.server.enrolled()) {
      const why = 'this device is not enrolled yet: tidegate-agent enrol';
      throw new AgentError('not-now', why, { retryAfterSeconds: NOT_ENROLLED_SECONDS });
    }
    const answer = await checkIn(deps, idle, signal);
    await deps.courier.send(signal);
    return { answer };
  } catch (error) {
    const fault = asAgentError(error);
    const isSilence = fault.code === 'network' || fault.code === 'not-now';
    if (!isSilence || deps.silence.lastsMs() < SILENCE_MS) throw fault;
    return { fault };
  }
}

/** Spread, so that devices that were switched on together do not stay together. */
function pollSeconds({ withoutServer, random }: MachineDeps): number {
  return withoutServer.pollSeconds * (0.75 + random() / 2);
}

async function tell(deps: MachineDeps, update: Update, offer: Offer | null | undefined): Promise<void> {
  const verdict = verdictOn(deps, update, 'download');
  if (!offer || update.rolloutId !== offer.rolloutId || verdict.kind !== 'wait' || verdict.reason !== 'failed-before')
    return deps.courier.tell(update, 'offered');
  // It stays in sight: the owner may ask for one more try.
  const cause = deps.attempts.find(update)?.cause ?? 'internal';
  return deps.courier.refused(offer, new AgentError(cause, WAIT_TEXT['failed-before']));
}

function updateOf(offer: Offer, target: AcceptedTarget): Update {
  const { rolloutId, attempt, notBefore, window, urgent, pollDuringUpdateSeconds } = offer;
  const { component } = target.firmware;
  return {
    rolloutId,
    attempt,
    component,
    notBefore,
    pollDuringUpdateSeconds,
    target,
    ...(window ? { window } : {}),
    ...(urgent ? { urgent } : {}),
  };
}

/** A refusal is in the device's own log and goes to the server; the server that offered it learns nothing at once. */
async function refusal(deps: MachineDeps, offer: Offer, error: AgentError): Promise<Outcome> {
  if (!isAboutTheOffer(error)) throw error;
  await logRefusal(deps, error, offer.target);
  await deps.courier.refused(offer, error);
  const at = new Date(deps.clock.now()).toISOString();
  return { state: 'failed', code: error.code, detail: error.message, target: offer.target, at };
}

function isAboutTheOffer(error: AgentError): boolean {
  const waits = ['metadata-expired', 'requirement-missing', 'stepping-stone-missing'];
  return error.class === 'reject' || waits.includes(error.code);
}

function withoutWaiting({ waiting: _waiting, ...idle }: Idle): Idle {
  return idle;
}
