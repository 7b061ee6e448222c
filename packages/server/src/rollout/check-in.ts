/**
 * A device's check-in: noted, decided from memory, and where there is an offer, made durable before the answer.
 * Whatever fails behind it, the device gets an answer: «nothing for now, come again».
 */
import type { CheckInAnswer, CheckInRequest, Offer } from '@tidegate/protocol';
import { storable } from '../db/storable.ts';
import type { Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import type { Board, BoardView } from './board.ts';
import { decide } from './decide.ts';
import type { SaidFacts } from './device-facts.ts';
import type { DeviceMemory } from './device-memory.ts';
import { admitDevice } from './admission-store.ts';
import { NOTHING_KNOWN, placeOffer } from './offer-store.ts';
import type { RunningRollout } from './running-rollout.ts';
import { within } from '../within.ts';

export interface CheckInDeps extends Deps {
  readonly board: Pick<Board, 'current'>;
  readonly memory: DeviceMemory;
  readonly pace: Pick<FleetPace, 'pollAfterSeconds'>;
  /** Over all rollouts and processes; absent: as many as come. */
  readonly downloadsAtOnce?: number | undefined;
}

export async function checkIn(
  deps: CheckInDeps,
  identity: { readonly id: string; readonly product: string },
  body: CheckInRequest,
): Promise<CheckInAnswer> {
  const facts: SaidFacts = {
    id: identity.id,
    product: identity.product,
    channel: body.channel,
    hardware: body.hardware,
    components: body.components,
    attributes: storableAttributes(body.attributes ?? {}),
    canary: body.canary ?? false,
  };
  const now = deps.clock.now();
  deps.memory.note({ facts, at: now, update: body.update, bootId: body.bootId });
  const pollAfterSeconds = deps.pace.pollAfterSeconds(identity.id, now);
  const view = deps.board.current();
  if (!view) return { offer: null, stop: [], pollAfterSeconds };
  try {
    return { ...(await within(ANSWER_MS, offerFor(deps, facts, body.update?.rolloutId, view))), pollAfterSeconds };
  } catch (error) {
    deps.log.warn({ err: error, deviceId: identity.id }, 'no offer could be made');
    return { offer: null, stop: [], pollAfterSeconds };
  }
}

/** A database that hangs must not hang the devices: an offer that it places all the same comes with the next check-in. */
const ANSWER_MS = 1000;

async function offerFor(deps: CheckInDeps, said: SaidFacts, workingOn: string | undefined, view: BoardView) {
  const { memory, db, clock, downloadsAtOnce } = deps;
  let rollouts = view.rolloutsFor(said.product, said.channel);
  const { attempts, tags, group } =
    rollouts.length > 0 ? await memory.known(said.id, workingOn, view.deviceGeneration) : NOTHING_KNOWN;
  const device = { ...said, tags, group, lastCheckIn: clock.now() };
  for (;;) {
    const now = clock.now();
    rollouts = rollouts.filter(r => attempts.has(r.id) || !isClosed(view, r, now));
    const { offer, stop } = decide({ device, attempts, rollouts, stopped: view.stopped, workingOn, now });
    if (!offer) return { offer: null, stop: [...stop] };
    const { rollout } = offer;
    const asked = { rolloutId: rollout.id, deviceId: device.id, now };
    const isAdmitting = rollout.isAdmitting || downloadsAtOnce !== undefined;
    const answer = isAdmitting ? await admitDevice(db, asked, downloadsAtOnce) : await placeOffer(db, asked);
    // Most of a large fleet waits most of the time: that there is no place is answered from memory for a while.
    if (answer && 'closedUntil' in answer) view.closedUntil.set(rollout.id, answer.closedUntil.getTime());
    const placed = answer && 'closedUntil' in answer ? undefined : answer;
    if (placed) memory.learn(device.id, rollout.id, placed);
    if (placed && !placed.ended) {
      // Writing took its time: meanwhile a stop may have come, or this process may have been cut off from it.
      const mayStill = deps.board
        .current()
        ?.rolloutsFor(said.product, said.channel)
        .some(r => r.id === rollout.id);
      return { offer: mayStill === true ? toOffer(rollout, placed.attempt) : null, stop: [...stop] };
    }
    // The database knows better: stopped in this moment, or ended through another process. Each round drops one.
    rollouts = rollouts.filter(r => r !== rollout);
  }
}

function isClosed(view: BoardView, rollout: RunningRollout, now: Date): boolean {
  return (view.closedUntil.get(rollout.id) ?? 0) > now.getTime();
}

function toOffer(rollout: RunningRollout, attempt: number): Offer {
  return {
    rolloutId: rollout.id,
    attempt,
    target: rollout.target,
    component: rollout.component,
    counter: rollout.counter,
    class: rollout.class,
    notBefore: rollout.notBefore.toISOString(),
    ...(rollout.window && { window: rollout.window }),
    ...(rollout.urgent && { urgent: true }),
    pollDuringUpdateSeconds: rollout.pollDuringUpdateSeconds,
  };
}

function storableAttributes(attributes: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, storable(value)]));
}
