/** Publishing: a set of signed metadata and artifacts becomes visible as one, or not at all. */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Hex32, Sha256 } from './identifiers.ts';
import { closed } from './schema.ts';

export const PublicationRequest = closed({
  /** The same key opens the same publication again: a publisher that was cut off goes on where it stopped. */
  idempotencyKey: Type.String({ pattern: '^[A-Za-z0-9_-]{16,64}$' }),
});
export type PublicationRequest = Static<typeof PublicationRequest>;

export const PublicationState = Type.Enum(['open', 'committed']);

export const PublicationAnswer = Type.Object({
  id: Hex32,
  state: PublicationState,
  /** What has arrived whole: hashes of artifacts, names of metadata files. */
  artifacts: Type.Array(Sha256),
  metadata: Type.Array(Type.String()),
});
export type PublicationAnswer = Static<typeof PublicationAnswer>;

/** `<n>.<role>.json`, or `timestamp.json`. */
export const METADATA_FILE_PATTERN = '^([1-9][0-9]{0,9}\\.[a-z][a-z0-9-]{0,79}|timestamp)\\.json$';

export const CommitAnswer = Type.Object({
  id: Hex32,
  /** Version of the timestamp that is served now. */
  timestampVersion: Type.Integer(),
  /** Paths of targets that were not there before. */
  newTargets: Type.Array(Type.String()),
});
export type CommitAnswer = Static<typeof CommitAnswer>;
