/** A TUF client that is not ours, as these tests ask for it. */
import type { Ended } from './command.ts';

export interface Wanted {
  /** Holds the client's own state from one call to the next, and the targets. */
  readonly folder: string;
  /** The first root: what the client was given at birth. */
  readonly rootFile: string;
  readonly metadataUrl: string;
  readonly targetBaseUrl: string;
  readonly targetName: string;
}

export interface Brought extends Ended {
  /** SHA-256 of what it wrote, hex; undefined where it wrote nothing. */
  readonly sha256: string | undefined;
}

/** Refreshes and downloads one target; a refusal is an exit code other than 0. */
export type ForeignClient = (wanted: Wanted) => Promise<Brought>;
