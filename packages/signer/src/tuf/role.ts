/** Which kind of list a role is, what schema and size it has, and by what name its file goes. */
import { LIMITS, ROLE_PATTERN } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';

export type RoleKind = 'root' | 'targets' | 'snapshot' | 'timestamp' | 'channel' | 'holds';

const TOP_LEVEL = ['root', 'targets', 'snapshot', 'timestamp'] as const;
const roleName = new RegExp(ROLE_PATTERN);

/** @throws SignerError `role-unknown` for a name that no role of ours can have. */
export function kindOf(role: string): RoleKind {
  const top = TOP_LEVEL.find(name => name === role);
  if (top !== undefined) return top;
  if (roleName.test(role) && role.startsWith('p-')) return 'channel';
  if (roleName.test(role) && role.startsWith('h-')) return 'holds';
  throw new SignerError(
    'role-unknown',
    `"${role}" is no role. Roles are root, targets, snapshot, timestamp, p-<product>-<channel> and h-<product>.`,
  );
}

export function maxBytesOf(kind: RoleKind): number {
  if (kind === 'root') return LIMITS.rootBytes;
  if (kind === 'snapshot') return LIMITS.snapshotBytes;
  if (kind === 'timestamp') return LIMITS.timestampBytes;
  return LIMITS.targetsBytes;
}

/** The name of a signed list's file (TUF 6.1): only timestamp.json has no version in its name. */
export function metadataFile(role: string, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
}
