/** What is to be done next, seen from the folder alone. Pure. */
import type { RoleStatus } from '../../status/status.ts';
import type { Stage } from './journal.ts';

export interface Seen {
  readonly roles: readonly RoleStatus[];
  /** A submission has all its signatures and is not out yet. */
  readonly submissionReady: boolean;
  /** The newest timestamp; undefined before the first. */
  readonly timestamp: { readonly version: number; readonly sha256: string; readonly issuedAt: Date } | undefined;
  readonly now: Date;
  readonly refreshSeconds: number;
}

/** Begins with the earliest step that is due; those after it follow by themselves. */
export function dueStage(seen: Seen): Stage {
  const { roles, timestamp, now, refreshSeconds } = seen;
  if (seen.submissionReady) return { stage: 'completing' };
  const signing: Stage = { stage: 'signing', aboveTimestamp: timestamp?.version ?? 0 };
  if (!timestamp) return everythingSigned(roles) ? signing : { stage: 'idle' };
  const listsMoved = roles.some(r => !isOnline(r.role) && r.unpublished === true);
  const ageSeconds = (now.getTime() - timestamp.issuedAt.getTime()) / 1000;
  // A timestamp from the future was signed by a clock that went wrong: another one helps.
  if (listsMoved || ageSeconds >= refreshSeconds || ageSeconds < -refreshSeconds) return signing;
  const unpublished = roles.some(r => r.role === 'timestamp' && r.unpublished === true);
  return unpublished
    ? { stage: 'uploading', timestamp: timestamp.version, sha256: timestamp.sha256 }
    : { stage: 'idle' };
}

/** Before the first ceremony has ended there is nothing to be signed. */
function everythingSigned(roles: readonly RoleStatus[]): boolean {
  return roles.every(r => isOnline(r.role) || r.version !== undefined);
}

function isOnline(role: string): boolean {
  return role === 'snapshot' || role === 'timestamp';
}
