/**
 * The signed lists as plain JSON (TUF 4.3 to 4.6): schemas, bytes that are signed, bytes that are stored.
 * Signatures cover canonical JSON; the file itself is ordinary JSON, since canonical JSON leaves control characters raw.
 */
import {
  LIMITS,
  RETIRED_FIELD,
  ROLE_PATTERN,
  Sha256,
  SIGNATURE_PATTERN,
  TufKey,
  Withdrawal,
  WITHDRAWN_FIELD,
} from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { type Static, type TObject, type TProperties, Type } from 'typebox';

export const SPEC_VERSION = '1.0.31';

const Positive = Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 });
const Expires = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$' });
const Keys = Type.Record(Sha256, TufKey);
const KeyIds = Type.Array(Sha256, { minItems: 1, maxItems: 32, uniqueItems: true });
const Hashes = Type.Object({ sha256: Sha256 });

export const RoleKeys = Type.Object({ keyids: KeyIds, threshold: Positive });
export type RoleKeys = Static<typeof RoleKeys>;

const common = { spec_version: Type.String({ pattern: '^1\\.0(\\.\\d+)?$' }), version: Positive, expires: Expires };

export const RootSigned = Type.Object({
  _type: Type.Literal('root'),
  ...common,
  consistent_snapshot: Type.Boolean(),
  keys: Keys,
  roles: Type.Object({ root: RoleKeys, targets: RoleKeys, snapshot: RoleKeys, timestamp: RoleKeys }),
});
export type RootSigned = Static<typeof RootSigned>;

export const TargetEntry = Type.Object({
  length: Type.Integer({ minimum: 1, maximum: LIMITS.artifactBytes }),
  hashes: Hashes,
  custom: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type TargetEntry = Static<typeof TargetEntry>;

export const Delegation = Type.Object({
  name: Type.String({ pattern: ROLE_PATTERN }),
  keyids: KeyIds,
  threshold: Positive,
  terminating: Type.Boolean(),
  paths: Type.Array(Type.String({ maxLength: 300 }), { minItems: 1, maxItems: 16 }),
});
export type Delegation = Static<typeof Delegation>;

export const TargetsSigned = Type.Object({
  _type: Type.Literal('targets'),
  ...common,
  targets: Type.Record(Type.String({ maxLength: 300 }), TargetEntry),
  /** In a channel: what was taken off it. */
  [WITHDRAWN_FIELD]: Type.Optional(Type.Record(Type.String({ maxLength: 300 }), Withdrawal)),
  [RETIRED_FIELD]: Type.Optional(Type.Literal(true)),
  delegations: Type.Optional(
    Type.Object({ keys: Keys, roles: Type.Array(Delegation, { maxItems: LIMITS.rolesPerSnapshot }) }),
  ),
});
export type TargetsSigned = Static<typeof TargetsSigned>;

export const MetaEntry = Type.Object({
  version: Positive,
  length: Type.Optional(Type.Integer({ minimum: 1 })),
  hashes: Type.Optional(Hashes),
});
export type MetaEntry = Static<typeof MetaEntry>;

export const SnapshotSigned = Type.Object({
  _type: Type.Literal('snapshot'),
  ...common,
  meta: Type.Record(Type.String({ maxLength: 100 }), MetaEntry),
});
export type SnapshotSigned = Static<typeof SnapshotSigned>;

export const TimestampSigned = Type.Object({
  _type: Type.Literal('timestamp'),
  ...common,
  meta: Type.Object({ 'snapshot.json': MetaEntry }),
  /** When it was signed: signed evidence of time, by which devices raise the floor of theirs. */
  'x-issued': Type.Optional(Expires),
});
export type TimestampSigned = Static<typeof TimestampSigned>;

/** 64 bytes for Ed25519; DER of up to 72 bytes for ECDSA P-256. */
export const Signature = Type.Object({ keyid: Sha256, sig: Type.String({ pattern: SIGNATURE_PATTERN }) });
export type Signature = Static<typeof Signature>;

export type Signed = RootSigned | TargetsSigned | SnapshotSigned | TimestampSigned;

export interface Envelope<S extends Signed = Signed> {
  readonly signatures: readonly Signature[];
  readonly signed: S;
}

export function isRoot(signed: Signed): signed is RootSigned {
  return 'roles' in signed;
}

/** Holds for the list "targets" and for every delegated list. */
export function isTargets(signed: Signed): signed is TargetsSigned {
  return 'targets' in signed;
}

export function isSnapshot(signed: Signed): signed is SnapshotSigned {
  return 'meta' in signed && !('snapshot.json' in signed.meta);
}

/** The schema of a whole file around one kind of list. */
export function envelopeOf<P extends TProperties>(signed: TObject<P>) {
  return Type.Object({ signatures: Type.Array(Signature, { maxItems: 64 }), signed });
}

/** The bytes that signatures cover. */
export function signedBytes(signed: Signed): Buffer {
  return Buffer.from(canonicalize(signed), 'utf8');
}

/** The bytes of the file. */
export function fileBytes(envelope: Envelope): Buffer {
  return Buffer.from(`${JSON.stringify({ signatures: envelope.signatures, signed: envelope.signed })}\n`, 'utf8');
}
