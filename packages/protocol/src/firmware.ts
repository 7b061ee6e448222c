/**
 * The signed description of a firmware target: the `custom` object of its TUF entry.
 * Leaves are integers, strings and booleans, since TUF signs canonical JSON, which knows no fractions.
 * Open for new fields; a reader that does not know `schema` or a name in `mustUnderstand` refuses the release.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Counter, FileName, Instant, Name, ReleaseClass, Sha256, Version } from './identifiers.ts';
import { SelfOfferFields } from './self-offer.ts';

export const FIRMWARE_SCHEMA = 1;

/** A language tag: `en`, `de`, `pt-BR`. */
export const LANGUAGE_PATTERN = '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$';

/** Texts by language tag; `en` is the fallback. */
export const Localized = Type.Record(Type.String({ pattern: LANGUAGE_PATTERN }), Type.String({ maxLength: 500 }));
export type Localized = Static<typeof Localized>;

/** A document that belongs to a release: the name of its target beside the image, and its hash. */
export const DocumentRef = Type.Object({ file: FileName, sha256: Sha256 });
export type DocumentRef = Static<typeof DocumentRef>;

/** The formats that installers of this project read: a folder packed, one file, a raw image of a slot, what RAUC and SWUpdate take. */
export const ARTIFACT_FORMATS = ['tar', 'file', 'image', 'image-gzip', 'image-zstd', 'raucb', 'swu'] as const;
export type ArtifactFormat = (typeof ARTIFACT_FORMATS)[number];

export const Firmware = Type.Object({
  schema: Type.Integer({ minimum: 1 }),
  /** Abilities without which the release must not be installed. */
  mustUnderstand: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 16 })),
  component: Name,
  version: Version,
  /** The anti-rollback order: one sequence per product and component, over all channels and hardware. */
  counter: Counter,
  hardware: Type.Array(Name, { minItems: 1, maxItems: 32 }),
  /** An image as a whole; a shorter way to one has a description of its own. */
  kind: Type.Literal('full'),
  /**
   * How the installer reads the bytes. `tar`: a folder, packed and gzipped or not; `file`: one file as it is;
   * `image`, `image-gzip`, `image-zstd`: a raw image of a slot, compressed or not; `raucb`, `swu`: for RAUC, SWUpdate.
   */
  format: Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' }),
  class: ReleaseClass,
  severity: Type.Optional(Type.Enum(['low', 'medium', 'high', 'critical'])),
  /**
   * Known flaws that the release removes, by id, with the risk in plain words (asked of class `security`; EN 303 645
   * 5.3-11).
   */
  fixes: Type.Optional(
    Type.Array(Type.Object({ id: Type.String({ maxLength: 64 }), risk: Localized }), { maxItems: 8 }),
  ),
  notes: Type.Optional(Localized),
  /** It brings what the product could not do before: of class `feature` this is said by the class alone. */
  addsFeatures: Type.Optional(Type.Boolean()),
  /** Why fixes and features come together, where they do (explanatory text of EN 303 645 5.3). */
  mixedReason: Type.Optional(Localized),
  /** What it is made of. */
  sbom: Type.Optional(DocumentRef),
  /** How it was built. */
  provenance: Type.Optional(DocumentRef),
  /** Notes that are too long to stand here. */
  longNotes: Type.Optional(DocumentRef),
  /** What the update interrupts, and for how long (EN 303 645 5.3-12). */
  disruption: Type.Enum(['none', 'partial', 'full']),
  disruptionSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  minBatteryPercent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
  needsReboot: Type.Optional(Type.Boolean()),
  requires: Type.Optional(Type.Array(Type.Object({ component: Name, minCounter: Counter }), { maxItems: 8 })),
  /** Stepping stone: the least counter from which this release may be installed. */
  minFromCounter: Type.Optional(Counter),
  releasedAt: Instant,
  ...SelfOfferFields,
});
export type Firmware = Static<typeof Firmware>;

export const HOLD_SCHEMA = 1;

/** The signed description of a hold: do not install this version. */
export const Hold = Type.Object({
  schema: Type.Integer({ minimum: 1 }),
  component: Name,
  version: Version,
  reason: Localized,
});
export type Hold = Static<typeof Hold>;
