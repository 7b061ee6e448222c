/**
 * A device's check-in: noted, decided from memory, and where there is an offer, made durable before the answer.
 * Whatever fails behind it, the device gets an answer: «nothing for now, come again».
 */
import type { CheckInAnswer, CheckInRequest, Offer } from '@tidegate/protocol';
import { storable } from '../db/storable.ts';
import type { Deps } from '../deps.ts';
import type { FleetPace } from '../fleet/fleet-pace.ts';
import type { Board, BoardView } from './board.ts';
import { type Decision, decide } from './decide.ts';
import type { SaidFacts } from './device-facts.ts';
import type { DeviceMemory } from './device-memory.ts';
import { admitDevice } from './admission-store.ts';
import { currentAttempt, type KnownDevice, NOTHING_KNOWN, type OfferAsked, placeOffer } from './offer-store.ts';
import type { RunningRollout } from './running-rollout.ts';
import { within } from '../within.ts';

export interface CheckInDeps extends Deps {
  readonly board: Pick<Board, 'current'>;
  readonly memory: DeviceMemory;
  readonly pace: Pick<FleetPace, 'pollAfterSeconds'>;
  /** Over all rollouts and processes; absent: as many as come. */
  readonly downloadsAtOnce?: number | undefined;
}

/**
 * Answers at once where memory is enough: a promise would cost as much as the decision.
 * @param text the body as it came
 */
export function checkIn(
  deps: CheckInDeps,
  identity: { readonly id: string; readonly product: string },
  body: CheckInRequest,
  text: string,
): CheckInAnswer | Promise<CheckInAnswer> {
  const facts: SaidFacts = {
    id: identity.id,
    product: identity.product,
    channel: body.channel,
    hardware: body.hardware,
    components: body.components,
    attributes: storableAttributes(body.attributes),
    canary: body.canary ?? false,
  };
  const now = deps.clock.now();
  deps.memory.note({ facts, at: now, update: body.update, bootId: body.bootId, text });
  const pollAfterSeconds = deps.pace.pollAfterSeconds(identity.id, now);
  const asked = { said: facts, workingOn: body.update?.rolloutId };
  const view = deps.board.current();
  if (!view) return { ...NOTHING, pollAfterSeconds };
  const toDo = fromMemory(deps.memory, asked, view, now);
  if (toDo) return { ...toDo, pollAfterSeconds };
  return fromDatabase(deps, asked, view).then(found => ({ ...found, pollAfterSeconds }));
}

type WhatToDo = Pick<CheckInAnswer, 'offer' | 'stop'>;

interface Asked {
  readonly said: SaidFacts;
  /** The rollout of the update that the device is working on. */
  readonly workingOn: string | undefined;
}

const NOTHING: WhatToDo = { offer: null, stop: [] };
/** A database that hangs must not hang the devices: an offer that it places all the same comes with the next check-in. */
const ANSWER_MS = 1000;

/** Nearly every check-in of a fleet is answered here; undefined where there is something to place, or to look up. */
function fromMemory(memory: DeviceMemory, asked: Asked, view: BoardView, now: Date): WhatToDo | undefined {
  const { said, workingOn } = asked;
  const rollouts = view.rolloutsFor(said.product, said.channel);
  const known = rollouts.length === 0 ? NOTHING_KNOWN : memory.remembered(said.id, workingOn, view.deviceGeneration);
  if (!known) return undefined;
  const { offer, stop } = judge({ ...asked, known, rollouts, view, now });
  return offer ? undefined : { offer: null, stop: [...stop] };
}

async function fromDatabase(deps: CheckInDeps, asked: Asked, view: BoardView): Promise<WhatToDo> {
  try {
    return await within(ANSWER_MS, offerFor(deps, asked, view));
  } catch (error) {
    deps.log.warn({ err: error, deviceId: asked.said.id }, 'no offer could be made');
    return NOTHING;
  }
}

async function offerFor(deps: CheckInDeps, asked: Asked, view: BoardView): Promise<WhatToDo> {
  const { memory, clock } = deps;
  const { said, workingOn } = asked;
  let rollouts = view.rolloutsFor(said.product, said.channel);
  const known = await memory.known(said.id, workingOn, view.deviceGeneration);
  for (;;) {
    const now = clock.now();
    const { offer, stop } = judge({ ...asked, known, rollouts, view, now });
    if (!offer) return { offer: null, stop: [...stop] };
    const { rollout } = offer;
    const wanted = { rolloutId: rollout.id, deviceId: said.id, now };
    const answer = await placeFor(deps, wanted, rollout.isAdmitting, known.attempts.has(rollout.id));
    // Most of a large fleet waits most of the time: that there is no place is answered from memory for a while.
    if (answer && 'closedUntil' in answer) view.closedUntil.set(rollout.id, answer.closedUntil.getTime());
    const placed = answer && 'closedUntil' in answer ? undefined : answer;
    if (placed) memory.learn(said.id, rollout.id, placed);
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

/** One that has its offer is looked up alone: another process may know that it has ended. */
function placeFor({ db, downloadsAtOnce }: CheckInDeps, wanted: OfferAsked, isAdmitting: boolean, isPlaced: boolean) {
  if (isAdmitting || downloadsAtOnce !== undefined) return admitDevice(db, wanted, downloadsAtOnce);
  return isPlaced ? currentAttempt(db, wanted) : placeOffer(db, wanted);
}

interface Judged extends Asked {
  readonly known: KnownDevice;
  readonly rollouts: readonly RunningRollout[];
  readonly view: BoardView;
  readonly now: Date;
}

/** By what is in memory; a rollout that had no place lately asks nobody anew. */
function judge({ said, known: { attempts, tags, group }, rollouts, view, workingOn, now }: Judged): Decision {
  const device = { ...said, tags, group, lastCheckIn: now };
  const open = rollouts.filter(r => attempts.has(r.id) || !isClosed(view, r, now));
  return decide({ device, attempts, rollouts: open, stopped: view.stopped, workingOn, now });
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

const NO_ATTRIBUTES = {};

function storableAttributes(attributes: Record<string, string> | undefined): Record<string, string> {
  if (!attributes) return NO_ATTRIBUTES;
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, storable(value)]));
}
