/** What is to be signed or sent next, seen from the folder alone. Pure. */
import type { Stage } from './journal.ts';

export interface Seen {
  /** The next snapshot would name other lists than the last one, or there is a root that is not out yet. */
  readonly listsMoved: boolean;
  /** The newest timestamp is not out yet. */
  readonly unpublished: boolean;
  /** The newest timestamp; undefined before the first. */
  readonly timestamp: { readonly version: number; readonly sha256: string; readonly issuedAt: Date } | undefined;
  readonly now: Date;
  readonly refreshSeconds: number;
}

/** Begins with the earliest step that is due; those after it follow by themselves. */
export function dueStage({ listsMoved, unpublished, timestamp, now, refreshSeconds }: Seen): Stage {
  if (!timestamp) return listsMoved ? { stage: 'signing', aboveTimestamp: 0 } : { stage: 'idle' };
  if (listsMoved || isOld(timestamp.issuedAt, now, refreshSeconds)) {
    return { stage: 'signing', aboveTimestamp: timestamp.version };
  }
  return unpublished
    ? { stage: 'uploading', timestamp: timestamp.version, sha256: timestamp.sha256 }
    : { stage: 'idle' };
}

/** A timestamp from the future was signed by a clock that went wrong: another one helps. */
export function isOld(issuedAt: Date, now: Date, refreshSeconds: number): boolean {
  const ageSeconds = (now.getTime() - issuedAt.getTime()) / 1000;
  return ageSeconds >= refreshSeconds || ageSeconds < -refreshSeconds;
}
