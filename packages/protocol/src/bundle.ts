/**
 * A bundle: releases of several components that go together. What it holds stands in a signed file of its own,
 * `<product>/<channel>/bundle/<version>/bundle.json`.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { Localized } from './firmware.ts';
import { Counter, Instant, Name, ReleaseClass, Sha256, TargetPathText, Version } from './identifiers.ts';
import { LIMITS } from './limits.ts';

export const BUNDLE_COMPONENT = 'bundle';
export const BUNDLE_FILE = 'bundle.json';
export const BUNDLE_SCHEMA = 1;

/** What the signed list says of it. */
export const BundleEntry = Type.Object({
  schema: Type.Integer({ minimum: 1 }),
  kind: Type.Literal('bundle'),
  component: Type.Literal(BUNDLE_COMPONENT),
  version: Version,
  /** The strongest of its parts': a fix in one of them makes it a security bundle. */
  class: ReleaseClass,
  /** Why fixes and features come together, where its parts bring both. */
  mixedReason: Type.Optional(Localized),
  notes: Type.Optional(Localized),
  releasedAt: Instant,
});
export type BundleEntry = Static<typeof BundleEntry>;

export const BundlePart = Type.Object({
  /** From 1: parts are activated in this order. The images of one component for different hardware share theirs. */
  order: Type.Integer({ minimum: 1, maximum: LIMITS.partsPerBundle }),
  component: Name,
  version: Version,
  counter: Counter,
  hardware: Type.Array(Name, { minItems: 1, maxItems: 32 }),
  path: TargetPathText,
  sha256: Sha256,
  lengthBytes: Type.Integer({ minimum: 1, maximum: LIMITS.artifactBytes }),
});
export type BundlePart = Static<typeof BundlePart>;

/** The file. */
export const Bundle = Type.Object({
  format: Type.Literal('tidegate-bundle-1'),
  product: Name,
  channel: Name,
  version: Version,
  /** Hardware for which every component has an image. */
  hardware: Type.Array(Name, { minItems: 1, maxItems: 32 }),
  parts: Type.Array(BundlePart, { minItems: 2, maxItems: 32 * LIMITS.partsPerBundle }),
});
export type Bundle = Static<typeof Bundle>;
