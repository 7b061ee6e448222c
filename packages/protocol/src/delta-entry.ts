/**
 * The signed description of a shorter way to a full image that lies in the same folder: a patch from one older image, or
 * an index of its chunks. A device takes either only to save data: what comes out is judged by the full image's hash.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Instant, Name, Sha256, Version } from './identifiers.ts';
import { LIMITS } from './limits.ts';

export const DELTA_SCHEMA = 1;
export const PATCH_FORMAT = 'tidegate-patch-1';
export const CHUNKS_FORMAT = 'tidegate-chunks-1';

const common = {
  schema: Type.Integer({ minimum: 1 }),
  component: Name,
  version: Version,
  /** The full image that comes out; the same list has it, in the same folder. */
  imageSha256: Sha256,
  /** How its bytes are read. A device passes over what it does not know. */
  format: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
  releasedAt: Instant,
};

export const PatchEntry = Type.Object({
  ...common,
  kind: Type.Literal('patch'),
  /** The full image that it starts from. */
  baseSha256: Sha256,
  /** The first bytes of the patch, which say how the rest is used: known to be the signed ones before any other is fetched. */
  head: Type.Object({ lengthBytes: Type.Integer({ minimum: 1, maximum: LIMITS.patchHeadBytes }), sha256: Sha256 }),
});
export type PatchEntry = Static<typeof PatchEntry>;

export const ChunksEntry = Type.Object({ ...common, kind: Type.Literal('chunks') });
export type ChunksEntry = Static<typeof ChunksEntry>;

export const DeltaEntry = Type.Union([PatchEntry, ChunksEntry]);
export type DeltaEntry = Static<typeof DeltaEntry>;

export const DELTA_KINDS = ['patch', 'chunks'] as const satisfies readonly DeltaEntry['kind'][];
