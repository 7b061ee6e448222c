/**
 * Counts what a list holds before it is handed on: reading takes time that grows with the square of its entries,
 * so a stolen key must not be able to make a device compute for minutes.
 */
import { jsonParser, LIMITS } from '@tidegate/protocol';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../agent-error.ts';

/** People, CI and online keys of a whole repository: far more than any has. */
const KEYS_PER_LIST = 2 * LIMITS.rolesPerSnapshot;

const AnyRecord = Type.Optional(Type.Record(Type.String(), Type.Unknown()));
const Shape = Type.Object({
  signatures: Type.Array(Type.Unknown()),
  signed: Type.Object({
    keys: AnyRecord,
    meta: AnyRecord,
    targets: AnyRecord,
    delegations: Type.Optional(Type.Object({ keys: AnyRecord, roles: Type.Optional(Type.Array(Type.Unknown())) })),
  }),
});
const parseShape = jsonParser(Shape);

/** @throws AgentError metadata-malformed, metadata-too-large */
export function requireShape(name: string, bytes: Buffer): void {
  const parsed = parseShape(bytes.toString('utf8'));
  if (!parsed.ok) throw new AgentError('metadata-malformed', `${name}${parsed.fault.path}: ${parsed.fault.message}`);
  const { signatures, signed } = parsed.value;
  atMost(name, 'signatures', signatures.length, KEYS_PER_LIST);
  atMost(name, 'keys', size(signed.keys), KEYS_PER_LIST);
  atMost(name, 'roles', size(signed.meta), LIMITS.rolesPerSnapshot);
  atMost(name, 'targets', size(signed.targets), LIMITS.targetsPerRole);
  atMost(name, 'delegated roles', signed.delegations?.roles?.length ?? 0, LIMITS.rolesPerSnapshot);
  atMost(name, 'delegated keys', size(signed.delegations?.keys), KEYS_PER_LIST);
}

function size(record: object | undefined): number {
  return Object.keys(record ?? {}).length;
}

function atMost(name: string, what: string, count: number, limit: number): void {
  if (count > limit) throw new AgentError('metadata-too-large', `${name}: ${count} ${what}, at most ${limit} are read`);
}
