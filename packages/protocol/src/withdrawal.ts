/**
 * What a channel's list keeps of a release that was taken off it, under the extra signed field `x-withdrawn`, by path:
 * its bytes and its counter stay taken, and the reason is signed with them.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Localized } from './firmware.ts';
import { Counter, Instant, Name, Sha256 } from './identifiers.ts';

/** Extra signed field of a channel's list: `true` where no more releases will come. */
export const RETIRED_FIELD = 'x-retired';

export const WITHDRAWN_FIELD = 'x-withdrawn';

export const Withdrawal = Type.Object({
  sha256: Sha256,
  /** Of a full image. */
  counter: Type.Optional(Counter),
  hardware: Type.Optional(Type.Array(Name, { minItems: 1, maxItems: 32 })),
  reason: Localized,
  at: Instant,
});
export type Withdrawal = Static<typeof Withdrawal>;
