/**
 * What CI, key holders and the signing service exchange: a signed next list of one role comes in, waits for the
 * signatures that it lacks, and is published.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Hex32, Instant, ROLE_PATTERN, Sha256 } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { closed } from './schema.ts';

export const RoleName = Type.String({ pattern: ROLE_PATTERN });

/** A file in base64, whole. */
const listChars = Math.ceil(LIMITS.targetsBytes / 3) * 4;
/** 64 bytes for Ed25519; DER of up to 72 bytes for ECDSA P-256. */
export const SIGNATURE_PATTERN = '^([0-9a-f]{2}){8,72}$';

export const SubmissionRequest = closed({
  role: RoleName,
  /** The version in force on which the list was made; 0 before the first. Where it moved since: 409 `draft-stale`. */
  baseVersion: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }),
  /** The same key for the same role opens the same submission again: a build that was cut off goes on where it stopped. */
  idempotencyKey: Type.String({ pattern: '^[A-Za-z0-9_-]{16,64}$' }),
  /** The role's next list as a file, in base64, with at least one valid signature of a key of the role. */
  list: Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: listChars }),
  /** The waiting submission that this one takes the place of. Without it, a role that has one waiting is refused. */
  replaces: Type.Optional(Hex32),
});
export type SubmissionRequest = Static<typeof SubmissionRequest>;

/** `publishing` goes on by itself, whatever happens to the process; the last three are final. */
export const SUBMISSION_STATES = ['open', 'waiting', 'publishing', 'published', 'refused', 'superseded'] as const;
export type SubmissionState = (typeof SUBMISSION_STATES)[number];
export const SubmissionStateName = Type.Enum([...SUBMISSION_STATES]);

export const KeyHolder = Type.Object({
  keyid: Sha256,
  /** The first digits of the id where the service knows no name. */
  name: Type.String(),
  kind: Type.Union([Type.Enum(['person', 'ci', 'online']), Type.Null()]),
});
export type KeyHolder = Static<typeof KeyHolder>;

/** One threshold that the list must meet: a root has two, that of its own keys and that of the root before. */
export const SignatureQuorum = Type.Object({
  threshold: Type.Integer({ minimum: 1 }),
  signed: Type.Array(KeyHolder),
  /** Who could still sign. */
  open: Type.Array(KeyHolder),
  /** Signatures still wanting. */
  missing: Type.Integer({ minimum: 0 }),
});
export type SignatureQuorum = Static<typeof SignatureQuorum>;

export const SubmissionView = Type.Object({
  id: Hex32,
  role: RoleName,
  version: Type.Integer({ minimum: 1 }),
  baseVersion: Type.Integer({ minimum: 0 }),
  /** Of the canonical bytes that signatures cover: what a detached signature names. */
  payloadSha256: Sha256,
  state: SubmissionStateName,
  /** What the list names and the service lacks; uploaded before `submit`. */
  artifactsMissing: Type.Array(Type.Object({ sha256: Sha256, lengthBytes: Type.Integer({ minimum: 1 }) })),
  quorums: Type.Array(SignatureQuorum),
  /** The greatest `missing` of the quorums. */
  missing: Type.Integer({ minimum: 0 }),
  /** Who brought it: the token's issuer and subject, or the key by whose signature it was taken. */
  submittedBy: Type.Union([
    Type.Object({ by: Type.Literal('token'), issuer: Type.String(), subject: Type.String() }),
    Type.Object({ by: Type.Literal('signature'), keyid: Sha256 }),
  ]),
  createdAt: Instant,
  updatedAt: Instant,
  /** Why it was refused; `code` is one of the signer's. */
  refusal: Type.Union([Type.Object({ code: Type.String(), detail: Type.String() }), Type.Null()]),
  /** What keeps one that is `publishing` from being out, and what to do; it goes on by itself once that is gone. */
  delayed: Type.Union([Type.Object({ code: Type.String(), detail: Type.String() }), Type.Null()]),
  published: Type.Union([Type.Object({ at: Instant, timestampVersion: Type.Integer() }), Type.Null()]),
});
export type SubmissionView = Static<typeof SubmissionView>;

/** A key holder's signature, made elsewhere: names the bytes that it is for by their hash. */
export const DetachedSignature = closed({
  format: Type.Literal('tidegate-signature-1'),
  role: RoleName,
  version: Type.Integer({ minimum: 1 }),
  /** Of the canonical bytes that were signed. */
  payloadSha256: Sha256,
  keyid: Sha256,
  sig: Type.String({ pattern: SIGNATURE_PATTERN }),
});
export type DetachedSignature = Static<typeof DetachedSignature>;
