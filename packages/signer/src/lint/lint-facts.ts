/** All that lint looks at, read beforehand: lint itself touches neither disk nor network. */
import type { SeenArtifact } from '../store/artifact.ts';
import type { ExpiryDays, KnownKey } from '../store/config.ts';

export interface LintedFile {
  readonly role: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  /** `inForce`: the newest complete list; `draft`: waits for signatures. */
  readonly standing: 'inForce' | 'draft';
}

export interface LintFacts {
  readonly now: Date;
  readonly files: readonly LintedFile[];
  /** Lists of releases that were in force before, oldest first; a stranger has none. */
  readonly earlier: readonly LintedFile[];
  /** How long each kind of list is to be valid. */
  readonly expiryDays: ExpiryDays;
  /** Who holds which key; undefined for a stranger, who cannot know whether a key is a person's. */
  readonly keys: readonly KnownKey[] | undefined;
  /** By hash; undefined where nobody looked. */
  readonly artifacts: ReadonlyMap<string, SeenArtifact> | undefined;
}
