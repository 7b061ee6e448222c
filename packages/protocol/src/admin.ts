/** What operators, release engineers and their tools exchange with the admin API. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { ClaimTokenText } from './enrolment.ts';
import { RunningComponent } from './check-in.ts';
import {
  CodeName,
  Counter,
  Group,
  Hex32,
  Instant,
  Name,
  ReleaseClass,
  Sha256,
  Tag,
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

/** More are made by asking again. */
export const CLAIM_TOKENS_PER_REQUEST = 10_000;

export const ClaimTokensRequest = closed({
  product: Name,
  count: Type.Integer({ minimum: 1, maximum: CLAIM_TOKENS_PER_REQUEST }),
  expiresInSeconds: Type.Optional(Type.Integer({ minimum: 60, maximum: 10 * 366 * 86_400 })),
  /** Devices that enrol with them belong to this group. */
  group: Type.Optional(Group),
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
/** All but the token itself. */
export const ApiTokenView = Type.Object({
  id: Hex32,
  name: Type.String(),
  role: Type.Enum([...OPERATOR_ROLES]),
  createdAt: Instant,
  revokedAt: Type.Union([Instant, Type.Null()]),
});
export type ApiTokenView = Static<typeof ApiTokenView>;

export const ENROLMENTS = ['claim-token', 'public-key', 'certificate'] as const;
export type Enrolment = (typeof ENROLMENTS)[number];

export const DEVICE_ALARMS = ['clone', 'claim-token-used'] as const;
/** Something about a device that a person should look at. */
export const DeviceAlarm = Type.Object({ alarm: Type.Enum([...DEVICE_ALARMS]), at: Instant });
export type DeviceAlarm = Static<typeof DeviceAlarm>;

export const DeviceView = Type.Object({
  id: Hex32,
  product: Name,
  hardware: Type.Union([Name, Type.Null()]),
  channel: Type.Union([Name, Type.Null()]),
  components: Type.Array(RunningComponent),
  attributes: Type.Record(Type.String(), Type.String()),
  tags: Type.Array(Tag),
  group: Type.Union([Group, Type.Null()]),
  /** Its owner asked to be among the first. */
  canary: Type.Boolean(),
  enrolledAt: Instant,
  enrolledBy: Type.Enum([...ENROLMENTS]),
  lastSeenAt: Type.Union([Instant, Type.Null()]),
  revokedAt: Type.Union([Instant, Type.Null()]),
  alarms: Type.Array(DeviceAlarm),
});
export type DeviceView = Static<typeof DeviceView>;

/** Devices that one request may name, and that one request by filter looks at; more are done by asking again. */
export const TAGGED_BY_NAME = 1000;
export const TAGGED_BY_FILTER = 10_000;

const tagChange = {
  add: Type.Optional(Type.Array(Tag, { maxItems: LIMITS.tagsPerDevice, uniqueItems: true })),
  remove: Type.Optional(Type.Array(Tag, { maxItems: LIMITS.tagsPerDevice, uniqueItems: true })),
  /** Puts the device into this group, out of any other; null: out of its group. */
  group: Type.Optional(Type.Union([Group, Type.Null()])),
};

/** Gives devices tags or a group, and takes tags from them: those named, or those of a product that a filter means. */
export const TagRequest = closed({
  ...tagChange,
  devices: Type.Optional(Type.Array(Hex32, { minItems: 1, maxItems: TAGGED_BY_NAME, uniqueItems: true })),
  product: Type.Optional(Name),
  /** RSQL, as in a rollout; `version` and `counter` are those of `component`. */
  filter: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.filterChars })),
  component: Type.Optional(Name),
  /** `next` of the answer before. */
  after: Type.Optional(Hex32),
});
export type TagRequest = Static<typeof TagRequest>;

export const TagAnswer = Type.Object({
  /** Devices that were found, changed or not. */
  matched: Type.Integer({ minimum: 0 }),
  changed: Type.Integer({ minimum: 0 }),
  /** Left as they were, since they would have more tags than a device may have. */
  full: Type.Integer({ minimum: 0 }),
  /** To be given back as `after`, since there are more devices to look at; null at the end. */
  next: Type.Union([Hex32, Type.Null()]),
});
export type TagAnswer = Static<typeof TagAnswer>;

/** A change for each device. */
export const TagRow = closed({ device: Hex32, ...tagChange });
export type TagRow = Static<typeof TagRow>;
export const TagRowsRequest = closed({ rows: Type.Array(TagRow, { minItems: 1, maxItems: TAGGED_BY_NAME }) });
export type TagRowsRequest = Static<typeof TagRowsRequest>;
export const TagRowsAnswer = Type.Object({
  /** Devices that were not so already. */
  changed: Type.Integer({ minimum: 0 }),
});
export type TagRowsAnswer = Static<typeof TagRowsAnswer>;

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

/** One line of a device's history, newest first: what the server did with it, and what it said. */
export const DeviceEvent = Type.Object({
  at: Instant,
  kind: Type.Enum(['enrolled', 'offered', 'reported', 'alarm', 'revoked']),
  /** The update that it belongs to. */
  rolloutId: Type.Union([Hex32, Type.Null()]),
  attempt: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  target: Type.Union([Type.String(), Type.Null()]),
  state: Type.Union([UpdateStateName, Type.Null()]),
  code: Type.Union([CodeName, Type.Null()]),
  detail: Type.Union([Type.String(), Type.Null()]),
});
export type DeviceEvent = Static<typeof DeviceEvent>;

/**
 * What became of each line of an upload: only what is right was taken. Lines count from 1, the heading included;
 * empty ones are passed over.
 */
export const UploadReport = Type.Object({
  added: Type.Integer(),
  /** There already, the very same. */
  unchanged: Type.Integer(),
  refused: Type.Array(Type.Object({ line: Type.Integer({ minimum: 1 }), field: Type.String(), detail: Type.String() })),
});
export type UploadReport = Static<typeof UploadReport>;

/** A public key that may enrol by itself, since the manufacturer registered it. */
export const DeviceKeyView = Type.Object({
  product: Name,
  /** SHA-256 of the SubjectPublicKeyInfo. */
  sha256: Sha256,
  label: Type.Union([Type.String(), Type.Null()]),
  addedAt: Instant,
  /** The device that has it, once it enrolled. */
  deviceId: Type.Union([Hex32, Type.Null()]),
});
export type DeviceKeyView = Static<typeof DeviceKeyView>;

export const CertificateAuthorityRequest = closed({
  product: Name,
  /** One CA certificate, PEM. */
  certificate: Type.String({ minLength: 1, maxLength: 16 * 1024 }),
});
export type CertificateAuthorityRequest = Static<typeof CertificateAuthorityRequest>;
export const CertificateAuthorityView = Type.Object({
  product: Name,
  /** SHA-256 of the certificate. */
  sha256: Sha256,
  subject: Type.String(),
  expiresAt: Instant,
  addedAt: Instant,
});
export type CertificateAuthorityView = Static<typeof CertificateAuthorityView>;

/** The server at a glance. */
export const StatusView = Type.Object({
  version: Version,
  products: Type.Integer(),
  devices: Type.Object({
    known: Type.Integer(),
    /** Checked in within the last day. */
    seenLately: Type.Integer(),
    revoked: Type.Integer(),
    alarmed: Type.Integer(),
  }),
  releases: Type.Integer(),
  /** Number of rollouts by state. */
  rollouts: Type.Record(Type.String(), Type.Integer()),
  /** The published metadata by role, null before the first publication. */
  metadata: Type.Union([
    Type.Array(Type.Object({ role: Type.String(), version: Type.Integer(), expiresAt: Instant })),
    Type.Null(),
  ]),
  queue: Type.Object({ backend: Type.Enum(['postgresql', 'redis']), reachable: Type.Boolean() }),
});
export type StatusView = Static<typeof StatusView>;

export const ReleaseView = Type.Object({
  target: TargetPathText,
  product: Name,
  channel: Name,
  component: Name,
  version: Version,
  counter: Counter,
  class: ReleaseClass,
  hardware: Type.Array(Name),
  /** Stepping stone: the least counter to come from; null: any. */
  minFromCounter: Type.Union([Counter, Type.Null()]),
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
