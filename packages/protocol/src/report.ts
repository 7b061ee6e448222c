/** What a device tells of an update. Idempotent by `id`: the same report sent twice counts once. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { CodeName, Counter, Hex32, Instant, Name, Sha256, UpdateStateName, Version } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { closed } from './schema.ts';

export const Report = closed({
  id: Hex32,
  /** Absent for what has to do with no rollout, such as stale metadata found by a plain check. */
  rolloutId: Type.Optional(Hex32),
  attempt: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  /** The offered target, as the server named it: it may be one that the device refused to look at. */
  target: Type.Optional(Type.String({ maxLength: 300 })),
  component: Type.Optional(Name),
  counter: Type.Optional(Counter),
  version: Type.Optional(Version),
  state: UpdateStateName,
  /** Why it failed or came back; with an earlier state: what stands in the way for now. */
  code: Type.Optional(CodeName),
  detail: Type.Optional(Type.String({ maxLength: LIMITS.detailChars })),
  /** For `verified`: the artifact's hash from the slot record. */
  sha256: Type.Optional(Sha256),
  /** For refusals as not authentic: from how many sources the same was seen. */
  sources: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** The device's own clock: for display, never for a decision. */
  at: Instant,
});
export type Report = Static<typeof Report>;

export const ReportsRequest = closed({
  reports: Type.Array(Report, { minItems: 1, maxItems: LIMITS.reportsPerRequest }),
});
export type ReportsRequest = Static<typeof ReportsRequest>;

/** Ids that are durable now, new or seen before: the device may forget them. */
export const ReportsAnswer = Type.Object({ acknowledged: Type.Array(Hex32) });
export type ReportsAnswer = Static<typeof ReportsAnswer>;
