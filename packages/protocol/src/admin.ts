/** What operators, release engineers and their tools exchange with the admin API. */
import { type Static, Type } from 'typebox';
import { ClaimTokenText } from './enrolment.ts';
import { RunningComponent } from './check-in.ts';
import {
  CodeName,
  Counter,
  Hex32,
  Instant,
  Name,
  ReleaseClass,
  Sha256,
  TargetPathText,
  UpdateStateName,
  Version,
} from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { closed } from './schema.ts';

export const OPERATOR_ROLES = ['viewer', 'operator', 'releaser', 'admin'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

export const ProductRequest = closed({ name: Name, title: Type.Optional(Type.String({ maxLength: 100 })) });
export type ProductRequest = Static<typeof ProductRequest>;
export const ProductView = Type.Object({ name: Name, title: Type.String(), createdAt: Instant });
export type ProductView = Static<typeof ProductView>;

export const ClaimTokensRequest = closed({
  product: Name,
  count: Type.Integer({ minimum: 1, maximum: 10_000 }),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 10 * 366 * 86_400 })),
});
export type ClaimTokensRequest = Static<typeof ClaimTokensRequest>;
/** The only time that the tokens are seen: the server keeps their hashes. */
export const ClaimTokensAnswer = Type.Object({ tokens: Type.Array(ClaimTokenText), expiresAt: Instant });
export type ClaimTokensAnswer = Static<typeof ClaimTokensAnswer>;

export const ApiTokenRequest = closed({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  role: Type.Enum([...OPERATOR_ROLES]),
});
export type ApiTokenRequest = Static<typeof ApiTokenRequest>;
export const ApiTokenAnswer = Type.Object({ id: Hex32, token: Type.String() });
export type ApiTokenAnswer = Static<typeof ApiTokenAnswer>;

export const DeviceView = Type.Object({
  id: Hex32,
  product: Name,
  hardware: Type.Union([Name, Type.Null()]),
  channel: Type.Union([Name, Type.Null()]),
  components: Type.Array(RunningComponent),
  attributes: Type.Record(Type.String(), Type.String()),
  enrolledAt: Instant,
  lastSeenAt: Type.Union([Instant, Type.Null()]),
});
export type DeviceView = Static<typeof DeviceView>;

/** What a device reported, as the server keeps it. */
export const ReportView = Type.Object({
  deviceId: Hex32,
  rolloutId: Type.Union([Hex32, Type.Null()]),
  target: Type.Union([Type.String(), Type.Null()]),
  state: UpdateStateName,
  code: Type.Union([CodeName, Type.Null()]),
  detail: Type.Union([Type.String(), Type.Null()]),
  receivedAt: Instant,
});
export type ReportView = Static<typeof ReportView>;

export const ReleaseView = Type.Object({
  target: TargetPathText,
  product: Name,
  channel: Name,
  component: Name,
  version: Version,
  counter: Counter,
  class: ReleaseClass,
  hardware: Type.Array(Name),
  lengthBytes: Type.Integer({ minimum: 0, maximum: LIMITS.artifactBytes }),
  sha256: Sha256,
  publishedAt: Instant,
  /** No longer in the signed lists. */
  withdrawn: Type.Boolean(),
});
export type ReleaseView = Static<typeof ReleaseView>;

/** A page of a list; `next` is given back as `after` to go on. */
export function page<T extends Parameters<typeof Type.Array>[0]>(item: T) {
  return Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });
}
