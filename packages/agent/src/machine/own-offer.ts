/**
 * What the device offers to its owner by itself, as an update for the machine; and whether that or a server's offer goes
 * first. The signed lists are looked at here: whoever asks has refreshed them.
 */
import { failedBefore } from './attempts.ts';
import { selfOffer } from '../policy/self-offer.ts';
import type { AcceptedTarget } from '../ports.ts';
import { deviceFacts } from './check-in.ts';
import type { MachineDeps } from './deps.ts';
import type { Idle, Update } from './state.ts';

/** Whether the server is heard: within the days after which releases come by their signed schedules; or there is none. */
export type ServerWord = 'answers' | 'silent' | 'none';

const DAY_MS = 86_400_000;
/** Lists are asked anew this often while such an update waits or is at work. */
const POLL_DURING_UPDATE_SECONDS = 600;
/** There is no server to grant a second one. */
const ATTEMPT = 1;

/** @throws AgentError network where there are no whole lists on this device yet */
export async function ownOffer(deps: MachineDeps): Promise<Update | undefined> {
  const acceptable = await deps.trust.selfOfferable(await deviceFacts(deps));
  const { server, silence, trust } = deps;
  const target = selfOffer({
    acceptable: acceptable.filter(t => deps.installers.has(t.firmware.component)),
    deviceId: server?.deviceId() ?? silence.ownId,
    isServerSilent: serverWord(deps) !== 'answers',
    hasFailed: t => failedBefore(deps.attempts.find(updateOf(t)), ATTEMPT),
    trustedNowMs: trust.trustedNow(),
  });
  return target && updateOf(target);
}

/** Whether releases wait for a server's word. */
export function serverWord({
  server,
  silence,
  withoutServer,
}: Pick<MachineDeps, 'server' | 'silence' | 'withoutServer'>): ServerWord {
  if (!server) return 'none';
  return silence.lastsMs() >= withoutServer.afterSilentDays * DAY_MS ? 'silent' : 'answers';
}

function updateOf(target: AcceptedTarget): Update {
  const { component } = target.firmware;
  return { attempt: ATTEMPT, component, pollDuringUpdateSeconds: POLL_DURING_UPDATE_SECONDS, target };
}

/**
 * Pure. A server may keep the device busy to withhold what is due by signed word: by another release, by a time far off
 * or a window, by offers that it stops again and again. What is due goes before such an offer; an offer of the same or
 * a newer release that may begin now goes first, so that the server hears how it went.
 */
export function preferred(
  offered: Update | undefined,
  own: Update | undefined,
  last: Idle['last'],
  nowMs: number,
): Update | undefined {
  if (!offered || !own) return offered ?? own;
  const isStoppedAgain = last?.code === 'stopped' && last.target === offered.target.path;
  if (isStoppedAgain || offered.component !== own.component) return own;
  if (offered.target.path === own.target.path) return withoutDelay(offered);
  const isNewer = offered.target.firmware.counter > own.target.firmware.counter;
  const hasBegun = offered.notBefore === undefined || Date.parse(offered.notBefore) <= nowMs;
  const mayBegin = hasBegun && offered.window === undefined;
  return isNewer && mayBegin ? offered : own;
}

function withoutDelay({ notBefore: _notBefore, window: _window, ...update }: Update): Update {
  return update;
}
