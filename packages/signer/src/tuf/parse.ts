/**
 * From bytes to a signed list that this package understands. Beyond the schema: every key's id is the hash of the key
 * (so that the same key material cannot stand under two ids), every named key is there, and the numbers are whole and in
 * bounds.
 */
import { jsonParser, LIMITS, type Parsed, type TufKey } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import { keyId } from './key.ts';
import {
  type Envelope,
  envelopeOf,
  type RoleKeys,
  RootSigned,
  type Signed,
  SnapshotSigned,
  TargetsSigned,
  TimestampSigned,
} from './metadata.ts';

/** @param name of the file, for the message. @throws SignerError `metadata-invalid` */
export type Parse<S extends Signed> = (bytes: Uint8Array, name: string) => Envelope<S>;

const rootText = jsonParser(envelopeOf(RootSigned));
const targetsText = jsonParser(envelopeOf(TargetsSigned));
const snapshotText = jsonParser(envelopeOf(SnapshotSigned));
const timestampText = jsonParser(envelopeOf(TimestampSigned));

export const parseRoot: Parse<RootSigned> = (bytes, name) => {
  const envelope = accept(rootText, bytes, name);
  checkKeys(envelope.signed.keys, Object.values(envelope.signed.roles), name);
  return envelope;
};

export const parseTargets: Parse<TargetsSigned> = (bytes, name) => {
  const envelope = accept(targetsText, bytes, name);
  const { delegations, targets } = envelope.signed;
  if (delegations) checkKeys(delegations.keys, delegations.roles, name);
  if (Object.keys(targets).length > LIMITS.targetsPerRole) {
    throw new SignerError('too-many-targets', `${name} lists more than ${LIMITS.targetsPerRole} targets.`);
  }
  return envelope;
};

export const parseSnapshot: Parse<SnapshotSigned> = (bytes, name) => accept(snapshotText, bytes, name);
export const parseTimestamp: Parse<TimestampSigned> = (bytes, name) => accept(timestampText, bytes, name);

/** The parser for a role's files. */
export function parseFor(role: string): Parse<Signed> {
  if (role === 'root') return parseRoot;
  if (role === 'snapshot') return parseSnapshot;
  return role === 'timestamp' ? parseTimestamp : parseTargets;
}

function accept<S extends Signed>(
  parse: (text: string) => Parsed<Envelope<S>>,
  bytes: Uint8Array,
  name: string,
): Envelope<S> {
  const parsed = parse(Buffer.from(bytes).toString('utf8'));
  if (!parsed.ok) {
    const { path, message } = parsed.fault;
    throw new SignerError('metadata-invalid', `${name} cannot be read: ${path || 'the file'} ${message}.`);
  }
  checkLeaves(parsed.value.signed, name);
  return parsed.value;
}

/** No list of ours comes near it; what is nested deeper would exhaust whoever walks it. */
const DEPTH_MAX = 32;

/** Also in fields that no schema knows: canonical JSON has whole numbers only, so nothing else can be signed. */
function checkLeaves(value: unknown, name: string, levels = DEPTH_MAX): void {
  if (typeof value === 'object' && value !== null) {
    if (levels === 0)
      throw new SignerError('metadata-invalid', `${name} is nested more than ${DEPTH_MAX} levels deep.`);
    for (const inner of Object.values(value)) checkLeaves(inner, name, levels - 1);
  } else if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new SignerError('metadata-invalid', `${name} holds ${value}: signed lists know whole numbers only.`);
  }
}

function checkKeys(keys: Readonly<Record<string, TufKey>>, roles: readonly RoleKeys[], name: string): void {
  for (const [id, key] of Object.entries(keys)) {
    if (keyId(key) !== id) {
      throw new SignerError('duplicate-key', `${name} lists a key under ${id}, but its id is ${keyId(key)}.`);
    }
  }
  const texts = Object.values(keys).map(key => key.keyval.public);
  if (new Set(texts).size < texts.length) throw new SignerError('duplicate-key', `${name} lists a key under two ids.`);
  for (const { keyids, threshold } of roles) {
    const unknown = keyids.find(id => !Object.hasOwn(keys, id));
    if (unknown !== undefined) throw new SignerError('metadata-invalid', `${name} names a key ${unknown} without it.`);
    if (threshold > keyids.length) {
      throw new SignerError('threshold-invalid', `${name} asks for ${threshold} signatures of ${keyids.length} keys.`);
    }
  }
}
