/**
 * One active process: a lock in the store that all of them share. It is held as long as its connection lives, and its
 * loss is told; what really keeps two from writing is the claim on the repository folder, and the server's versions.
 */
export interface ActiveLock {
  /** @returns undefined where another process has it */
  readonly take: () => Promise<Held | undefined>;
  readonly close: () => Promise<void>;
}

export interface Held {
  /** Aborted when the lock is lost. */
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
}
