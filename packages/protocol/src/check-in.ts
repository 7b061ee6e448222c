/** A device's poll and the server's answer: what runs here, is there something for me, and when shall I come again. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Counter, Hex32, Instant, Name, ReleaseClass, Sha256, UpdateStateName, Version } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { closed } from './schema.ts';
import { OfferedWindow } from './window.ts';

/** What a component runs, from the slot record that the agent wrote itself, never from a text inside the image. */
export const RunningComponent = closed({
  component: Name,
  version: Version,
  counter: Counter,
  /** Hash of the artifact that the slot was written from; absent for what came from the factory. */
  sha256: Type.Optional(Sha256),
});
export type RunningComponent = Static<typeof RunningComponent>;

/** Free facts that rollout filters may use; no personal data. */
export const Attributes = Type.Record(
  Type.String({ pattern: '^[a-z][a-zA-Z0-9_]{0,31}$' }),
  Type.String({ maxLength: 64 }),
  {
    maxProperties: LIMITS.attributesPerDevice,
    // Else a name outside the pattern would be taken, with a value of any kind and size.
    additionalProperties: false,
  },
);

export const CheckInRequest = closed({
  agentVersion: Version,
  hardware: Name,
  channel: Name,
  bootId: Hex32,
  components: Type.Array(RunningComponent, { maxItems: LIMITS.componentsPerDevice }),
  /** The update at work, where there is one. */
  update: Type.Optional(
    closed({ rolloutId: Hex32, attempt: Type.Integer({ minimum: 1, maximum: 1000 }), state: UpdateStateName }),
  ),
  attributes: Type.Optional(Attributes),
  /** The owner asked to be among the first; absent: no. */
  canary: Type.Optional(Type.Boolean()),
});
export type CheckInRequest = Static<typeof CheckInRequest>;

/** Names a target; grants nothing. The device accepts it only by its own signed lists. */
export const Offer = Type.Object({
  rolloutId: Hex32,
  attempt: Type.Integer({ minimum: 1, maximum: 1000 }),
  /** Any text: a path that is none must be refused with its own code, not lost with the whole answer. */
  target: Type.String({ minLength: 1, maxLength: 300 }),
  component: Name,
  counter: Counter,
  class: ReleaseClass,
  notBefore: Instant,
  /** When the maker lets it install, in the device's own local time; absent: at any time. */
  window: Type.Optional(OfferedWindow),
  /** The maker asks for haste. It overrules nothing that the owner decided. */
  urgent: Type.Optional(Type.Boolean()),
  pollDuringUpdateSeconds: Type.Integer({ minimum: LIMITS.pollSecondsMin, maximum: 3600 }),
});
export type Offer = Static<typeof Offer>;

export const CheckInAnswer = Type.Object({
  offer: Type.Union([Offer, Type.Null()]),
  /** Rollouts whose updates must not go on: discard before installing and before activating. */
  stop: Type.Array(Hex32),
  pollAfterSeconds: Type.Integer({ minimum: LIMITS.pollSecondsMin, maximum: LIMITS.pollSecondsMax }),
});
export type CheckInAnswer = Static<typeof CheckInAnswer>;
