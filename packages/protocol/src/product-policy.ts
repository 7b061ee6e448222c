/** What holds for every rollout of a product: its gate and pace unless a rollout says otherwise, and who must approve. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Instant, Name } from './identifiers.ts';
import { Gate, Pace } from './rollout.ts';
import { closed } from './schema.ts';

/** What waits for another person: nothing, the start of a rollout, or each of its phases. */
export const APPROVALS = ['none', 'start', 'each-phase'] as const;
export type Approval = (typeof APPROVALS)[number];

const fields = {
  /** Where a rollout gives a number of its own, that one holds. */
  gate: Type.Optional(Type.Partial(Gate, { additionalProperties: false })),
  pace: Type.Optional(Pace),
  /** A rollout may ask for more approval, never for less. */
  approval: Type.Optional(Type.Enum([...APPROVALS])),
};

export const ProductPolicy = closed(fields);
export type ProductPolicy = Static<typeof ProductPolicy>;

/** What is given changes, number by number; the rest stays. */
export const ProductPolicyRequest = closed({
  ...fields,
  /** True: begins with an empty policy. */
  reset: Type.Optional(Type.Boolean()),
});
export type ProductPolicyRequest = Static<typeof ProductPolicyRequest>;

export const ProductPolicyView = Type.Object({
  product: Name,
  policy: ProductPolicy,
  /** Null: it was never set. */
  changedAt: Type.Union([Instant, Type.Null()]),
  changedBy: Type.Union([Type.String(), Type.Null()]),
});
export type ProductPolicyView = Static<typeof ProductPolicyView>;
