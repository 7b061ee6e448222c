/** A rollout: bringing one release to a part of the fleet, phase by phase, each opened by proof from the one before. */
import type { Static } from 'typebox';
import { CodeWeights } from './code-weights.ts';
import * as Type from './type.ts';
import { Counter, Hex32, Instant, Name, ReleaseClass, TargetPathText, Version } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { closed } from './schema.ts';
import { Window } from './window.ts';

/**
 * Cumulative, and one of the two: a share of the fleet (5000 opens the rollout to half of it), or a number of devices,
 * whichever come first. Numbers stand before shares.
 */
export const Phase = closed({
  basisPoints: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.shareMax })),
  devices: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000_000 })),
  /** True: it opens only once another person has approved it, in the first phase the whole rollout; absent: no. */
  approval: Type.Optional(Type.Boolean()),
});
export type Phase = Static<typeof Phase>;

/**
 * Begins slowly, and grows with proof: so many devices a minute, times `growth` for every `verified` devices that
 * verified.
 */
export const Ramp = closed({
  devicesPerMinute: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** In basis points of the pace before: 20000 doubles it. */
  growth: Type.Integer({ minimum: 10_001, maximum: 100_000 }),
  verified: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
});
export type Ramp = Static<typeof Ramp>;

/** How fast a phase takes devices in. What is given holds together: the strictest decides. */
export const Pace = closed({
  /** Each phase takes its devices in evenly over so long from its opening, by their cohorts. */
  overSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 30 * 86_400 })),
  /** New devices in any minute, over all processes. */
  devicesPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  ramp: Type.Optional(Ramp),
  /** Devices between their offer and their end at one time, over all processes. */
  devicesAtWork: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  /** A device at work that is not heard of for so long gives its place to another. */
  leaseSeconds: Type.Optional(Type.Integer({ minimum: 10, maximum: 7 * 86_400 })),
});
export type Pace = Static<typeof Pace>;

/** When a phase may advance and when it must halt. Shares in basis points. */
export const Gate = closed({
  /** Devices that must have verified before a phase may advance; a phase with fewer eligible devices waits for all of them. */
  minVerified: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /** Share of the begun that must be final. */
  resolvedShare: Type.Integer({ minimum: 1, maximum: LIMITS.shareMax }),
  /** Share of the begun that must be verified, the unresolved counted against it. */
  successShare: Type.Integer({ minimum: 0, maximum: LIMITS.shareMax }),
  /** Failure rate that the release may have; the tail test asks whether the true rate is worse. */
  allowedFailureShare: Type.Integer({ minimum: 0, maximum: LIMITS.shareMax }),
  /** Fewer failures than this never halt by the tail test. */
  minFailures: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  /**
   * How often a release that fails exactly as often as it may is halted all the same, at most: in basis points, over the
   * whole rollout, however often the tail test looks.
   */
  significance: Type.Integer({ minimum: 1, maximum: 2000 }),
  /** Refusals as not authentic that raise the alarm: at least so many, and at least this share of the begun. */
  minRefusals: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  refusalShare: Type.Integer({ minimum: 0, maximum: LIMITS.shareMax }),
  /** Halts whatever the share. */
  maxFailures: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
  /** Codes that this gate weighs otherwise than usual: `neutral` says nothing about the release, `counts` is a failure of it. */
  weights: Type.Optional(CodeWeights),
  /** Least time between the opening of a phase and its advance. */
  soakSeconds: Type.Integer({ minimum: 0, maximum: 30 * 86_400 }),
  /** After this long without a word, a device that had begun counts as `silent`. */
  silenceSeconds: Type.Integer({ minimum: 1, maximum: 30 * 86_400 }),
});
export type Gate = Static<typeof Gate>;

export const DEFAULT_GATE: Gate = {
  minVerified: 1,
  resolvedShare: 9500,
  successShare: 9000,
  allowedFailureShare: 200,
  minFailures: 3,
  significance: 500,
  minRefusals: 3,
  refusalShare: 100,
  soakSeconds: 24 * 3600,
  silenceSeconds: 24 * 3600,
};

export const RolloutRequest = closed({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  target: TargetPathText,
  /** RSQL over device attributes; absent: every device of the product and channel with fitting hardware. */
  filter: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.filterChars })),
  /** RSQL too: these stay out, whatever `filter` says. Like it, it decides who may enter, and stops nobody who has. */
  exclude: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.filterChars })),
  phases: Type.Array(Phase, { minItems: 1, maxItems: LIMITS.phasesPerRollout }),
  gate: Type.Optional(Type.Partial(Gate, { additionalProperties: false })),
  pace: Type.Optional(Pace),
  /** When devices may install it, in their own local time; absent: at any time. */
  window: Type.Optional(Window),
  /** A security release for which haste comes before caution: it overtakes every rollout that is not urgent. */
  urgent: Type.Optional(Type.Boolean()),
  /** Random where absent. */
  salt: Type.Optional(Hex32),
  /** When it begins by itself; absent: now. */
  notBefore: Type.Optional(Instant),
  pollDuringUpdateSeconds: Type.Optional(Type.Integer({ minimum: LIMITS.pollSecondsMin, maximum: 3600 })),
});
export type RolloutRequest = Static<typeof RolloutRequest>;

/**
 * `awaiting-approval`: made, not begun, keeps its place. `paused`: devices that have not begun get nothing, the
 * others go on. `stopped`: those go no further either.
 * `halted`: the same, by the gate. `completed`: goes on offering to devices that come later.
 * `cancelled`: was never approved, and never begins.
 */
export const ROLLOUT_STATES = [
  'awaiting-approval',
  'running',
  'paused',
  'halted',
  'stopped',
  'completed',
  'cancelled',
] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/** How many devices stand where, each by its latest attempt. `begun` includes all that came after it. */
export const RolloutCounts = Type.Object({
  offered: Type.Integer(),
  begun: Type.Integer(),
  verified: Type.Integer(),
  /** Ended otherwise, by a code that counts against the release (rolled back and silent ones included). */
  failed: Type.Integer(),
  /** Ended otherwise, by a code that says nothing about the release. */
  neutral: Type.Integer(),
  /** Of all that ended otherwise, those that went back by themselves. */
  rolledBack: Type.Integer(),
  /** Refused as not authentic. */
  refused: Type.Integer(),
});
export type RolloutCounts = Static<typeof RolloutCounts>;

export const GATE_ACTIONS = ['advance', 'hold', 'halt', 'complete'] as const;
export type GateAction = (typeof GATE_ACTIONS)[number];
/** What people do to a rollout stands in the same history. */
export const OPERATOR_ACTIONS = ['pause', 'resume', 'stop', 'retry', 'reschedule', 'open', 'approve', 'deny'] as const;
export type OperatorAction = (typeof OPERATOR_ACTIONS)[number];

/** What the gate decided, or a person did, with the numbers of that moment. */
export const GateDecision = Type.Object({
  at: Instant,
  phase: Type.Integer({ minimum: 0 }),
  action: Type.Enum([...GATE_ACTIONS, ...OPERATOR_ACTIONS]),
  /** In words, for people: «1 of 1 devices verified, soaked 3 s». */
  reason: Type.String(),
  counts: RolloutCounts,
});
export type GateDecision = Static<typeof GateDecision>;

/** What waits for another person than the rollout's maker. */
export const PendingApproval = Type.Object({
  /** Index of the phase that is to open; 0: the rollout is to begin. */
  phase: Type.Integer({ minimum: 0 }),
  askedAt: Instant,
  /** Then it counts as denied. */
  expiresAt: Instant,
});
export type PendingApproval = Static<typeof PendingApproval>;

/** How many devices it is for: those that its filter means and that ran something older when they were counted. */
export const RolloutTotal = Type.Object({ devices: Type.Integer({ minimum: 0 }), countedAt: Instant });
export type RolloutTotal = Static<typeof RolloutTotal>;

export const RolloutView = Type.Object({
  id: Hex32,
  name: Type.String(),
  state: Type.Enum([...ROLLOUT_STATES]),
  target: TargetPathText,
  product: Name,
  channel: Name,
  component: Name,
  version: Version,
  counter: Counter,
  class: ReleaseClass,
  filter: Type.Union([Type.String(), Type.Null()]),
  exclude: Type.Union([Type.String(), Type.Null()]),
  salt: Hex32,
  phases: Type.Array(Phase),
  /** Index into `phases` of the widest phase that is open. */
  openPhase: Type.Integer({ minimum: 0 }),
  gate: Gate,
  pace: Pace,
  window: Type.Union([Window, Type.Null()]),
  urgent: Type.Boolean(),
  /** When it begins, or began. */
  notBefore: Instant,
  /** Null: not counted yet, which takes the longer the larger the fleet is. */
  total: Type.Union([RolloutTotal, Type.Null()]),
  counts: RolloutCounts,
  /** The same by phase, as many as there are phases: each device counts in the phase in which it was offered. */
  phaseCounts: Type.Array(RolloutCounts),
  decisions: Type.Array(GateDecision),
  createdAt: Instant,
  /** Its maker's name; null: not kept. */
  createdBy: Type.Union([Type.String(), Type.Null()]),
  approval: Type.Union([PendingApproval, Type.Null()]),
  /** When it ended, however it ended. */
  endedAt: Type.Union([Instant, Type.Null()]),
  /** From then on devices offer the release to their owners whatever this rollout says; null where they do not. */
  selfOfferAt: Type.Union([Instant, Type.Null()]),
  /** Paused, halted or stopped: without a signed hold (or a withdrawal) by then, devices offer it all the same. */
  holdNeededBy: Type.Union([Instant, Type.Null()]),
});
export type RolloutView = Static<typeof RolloutView>;

/** Another start for a rollout that has not begun; a time that is past: now. */
export const RolloutRescheduleRequest = closed({ notBefore: Instant });
export type RolloutRescheduleRequest = Static<typeof RolloutRescheduleRequest>;

/** A phase opened by hand, before the gate would. */
export const RolloutAdvanceRequest = closed({
  /**
   * Index of the phase to open, the one after the open one: so that of two people who ask at once one phase opens,
   * not two.
   */
  phase: Type.Integer({ minimum: 1, maximum: LIMITS.phasesPerRollout - 1 }),
  /** Why the gate's proof is not waited for; kept in the history. */
  reason: Type.String({ minLength: 1, maxLength: LIMITS.detailChars }),
});
export type RolloutAdvanceRequest = Static<typeof RolloutAdvanceRequest>;

/** Another person's word, for or against. */
export const RolloutApprovalRequest = closed({
  /** Index of the phase that it is about, as `approval` of the rollout has it. */
  phase: Type.Integer({ minimum: 0, maximum: LIMITS.phasesPerRollout - 1 }),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.detailChars })),
});
export type RolloutApprovalRequest = Static<typeof RolloutApprovalRequest>;

/** Which devices get another attempt: those named, else every one whose last attempt ended otherwise than verified. */
export const RolloutRetryRequest = closed({
  devices: Type.Optional(Type.Array(Hex32, { minItems: 1, maxItems: 1000, uniqueItems: true })),
});
export type RolloutRetryRequest = Static<typeof RolloutRetryRequest>;

export const RolloutRetryAnswer = Type.Object({
  rollout: RolloutView,
  /** Devices that will be offered the release again, with a higher attempt. */
  retried: Type.Integer(),
  /** Devices that have had as many attempts as a device accepts (`LIMITS.attemptsPerRollout`). */
  exhausted: Type.Integer(),
});
export type RolloutRetryAnswer = Static<typeof RolloutRetryAnswer>;
