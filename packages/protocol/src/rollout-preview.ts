/** What a rollout would do, told before it is made: whom it is for today, and which others stand in its way. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { DeviceView, ReleaseView } from './admin.ts';
import { Counter, Hex32, Name, ReleaseClass, TargetPathText } from './identifiers.ts';
import { Gate, Pace, ROLLOUT_STATES } from './rollout.ts';

/**
 * What another rollout of the same component and hardware means for this one. `refuses`: it must be stopped first.
 * `overtaken`: this one is a security release, or an urgent one, and takes over the other's devices that have not begun.
 */
export const CONFLICT_EFFECTS = ['refuses', 'overtaken'] as const;
export type ConflictEffect = (typeof CONFLICT_EFFECTS)[number];

export const RolloutConflict = Type.Object({
  rolloutId: Hex32,
  name: Type.String(),
  state: Type.Enum([...ROLLOUT_STATES]),
  target: TargetPathText,
  class: ReleaseClass,
  effect: Type.Enum([...CONFLICT_EFFECTS]),
  /** Devices that both are for today; about, where the fleet was sampled. */
  devices: Type.Integer({ minimum: 0 }),
});
export type RolloutConflict = Static<typeof RolloutConflict>;

/** Devices that run less than this release can be installed from, and what leads them there. */
export const SteppingStone = Type.Object({
  leastCounter: Counter,
  /** Of those that are meant, so many run less; about, where the fleet was sampled. */
  devices: Type.Integer({ minimum: 0 }),
  /** Rollouts that offer them a release in between. */
  rollouts: Type.Array(
    Type.Object({
      rolloutId: Hex32,
      name: Type.String(),
      state: Type.Enum([...ROLLOUT_STATES]),
      target: TargetPathText,
    }),
  ),
  /** Hardware for which no rollout does, and the release that one could be made of; null: none is published. */
  missing: Type.Array(Type.Object({ hardware: Name, release: Type.Union([TargetPathText, Type.Null()]) })),
});
export type SteppingStone = Static<typeof SteppingStone>;

/** Devices shown as examples at most. */
export const PREVIEW_SAMPLE = 10;

export const RolloutPreview = Type.Object({
  release: ReleaseView,
  devices: Type.Object({
    /** Those that it is for today. */
    meant: Type.Integer({ minimum: 0 }),
    /** Those that the filter means too, and that run the release or a newer one already. */
    current: Type.Integer({ minimum: 0 }),
    /** False: a large fleet was sampled, and the two numbers above are estimates. */
    exact: Type.Boolean(),
    /** How far `meant` may be from the truth, either way, 19 times in 20; 0 where it is exact. */
    margin: Type.Integer({ minimum: 0 }),
    /** Devices that were looked at. */
    looked: Type.Integer({ minimum: 0 }),
  }),
  /** Devices that are in by each phase, about. */
  phases: Type.Array(
    Type.Object({
      devices: Type.Integer({ minimum: 0 }),
      /** It opens only once another person has approved it. */
      approval: Type.Boolean(),
    }),
  ),
  /** As they will hold, the product's policy included. */
  gate: Gate,
  pace: Pace,
  /** Some of those that are meant. */
  sample: Type.Array(DeviceView, { maxItems: PREVIEW_SAMPLE }),
  conflicts: Type.Array(RolloutConflict),
  /** Null where the release can be installed from any other. */
  stone: Type.Union([SteppingStone, Type.Null()]),
});
export type RolloutPreview = Static<typeof RolloutPreview>;
