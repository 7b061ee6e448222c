/**
 * What a target is, by its path and its signed description: firmware, a document or a shorter way beside it, a bundle, a
 * product's descriptor or a hold. Signer and server read descriptions here alone, so that none of them takes one for another.
 * Pure; never throws.
 */
import type { Static } from 'typebox';
import * as Type from './type.ts';
import { BUNDLE_COMPONENT, BUNDLE_FILE, BundleEntry } from './bundle.ts';
import { DELTA_KINDS, DeltaEntry } from './delta-entry.ts';
import { Firmware, Hold } from './firmware.ts';
import { Instant, Name, Version } from './identifiers.ts';
import { PRODUCT_COMPONENT, PRODUCT_FILE, ProductEntry } from './product.ts';
import { type Parsed, parser } from './schema.ts';
import { HOLD_FILE, HOLD_PRODUCT, parseTargetPath, type TargetPath } from './target-path.ts';

export const DOCUMENT_SCHEMA = 1;
export const DOCUMENT_KINDS = ['sbom', 'provenance', 'notes'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The signed description of what lies beside an image. The image's own description names it, with its hash. */
export const DocumentEntry = Type.Object({
  schema: Type.Integer({ minimum: 1 }),
  kind: Type.Enum([...DOCUMENT_KINDS]),
  component: Name,
  version: Version,
  /** How it is written: `cyclonedx-1.6`, `spdx-2.3`, `in-toto-1`, `text`. */
  format: Type.String({ pattern: '^[a-z][a-z0-9.-]{0,31}$' }),
  releasedAt: Instant,
});
export type DocumentEntry = Static<typeof DocumentEntry>;

export type Described =
  | { readonly kind: 'firmware'; readonly at: TargetPath; readonly entry: Firmware }
  | { readonly kind: 'document'; readonly at: TargetPath; readonly entry: DocumentEntry }
  | { readonly kind: 'delta'; readonly at: TargetPath; readonly entry: DeltaEntry }
  | { readonly kind: 'bundle'; readonly at: TargetPath; readonly entry: BundleEntry }
  | { readonly kind: 'product'; readonly at: TargetPath; readonly entry: ProductEntry }
  | { readonly kind: 'hold'; readonly at: TargetPath; readonly entry: Hold };

const parseFirmware = parser(Firmware);
const parseDocument = parser(DocumentEntry);
const parseDelta = parser(DeltaEntry);
const parseBundle = parser(BundleEntry);
const parseProduct = parser(ProductEntry);
const parseHold = parser(Hold);

/** Components that are no part of a device: their names are taken. */
export const RESERVED_COMPONENTS: readonly string[] = [BUNDLE_COMPONENT, PRODUCT_COMPONENT];

/** The path decides first, so that a description cannot make a bundle of an image. The fault's path '' is the target's own path. */
export function describedAs(path: string, custom: unknown): Parsed<Described> {
  const at = parseTargetPath(path);
  if (!at) return fault('', 'is not <product>/<channel>/<component>/<version>/<file>');
  const described = read(at, custom);
  if (!described.ok) return described;
  const { component, version } = described.value.entry;
  if (component !== at.component) return fault('/component', `is ${component}, the path says ${at.component}`);
  if (version !== at.version) return fault('/version', `is ${version}, the path says ${at.version}`);
  return described;
}

function read(at: TargetPath, custom: unknown): Parsed<Described> {
  if (at.product === HOLD_PRODUCT) {
    return named(at, HOLD_FILE) ?? as(parseHold(custom), entry => ({ kind: 'hold', at, entry }));
  }
  if (at.component === BUNDLE_COMPONENT) {
    return named(at, BUNDLE_FILE) ?? as(parseBundle(custom), entry => ({ kind: 'bundle', at, entry }));
  }
  if (at.component === PRODUCT_COMPONENT) {
    return named(at, PRODUCT_FILE) ?? as(parseProduct(custom), entry => ({ kind: 'product', at, entry }));
  }
  if (DOCUMENT_KINDS.some(kind => kind === kindIn(custom))) {
    return as(parseDocument(custom), entry => ({ kind: 'document', at, entry }));
  }
  if (DELTA_KINDS.some(kind => kind === kindIn(custom))) {
    return as(parseDelta(custom), entry => ({ kind: 'delta', at, entry }));
  }
  return as(parseFirmware(custom), entry => ({ kind: 'firmware', at, entry }));
}

/** The kind that a description gives itself; undefined where it gives none. */
export function kindIn(custom: unknown): unknown {
  return typeof custom === 'object' && custom !== null && 'kind' in custom ? custom.kind : undefined;
}

function named(at: TargetPath, file: string): Parsed<Described> | undefined {
  return at.file === file ? undefined : fault('', `can only be named ${file} here`);
}

function as<T>(parsed: Parsed<T>, make: (entry: T) => Described): Parsed<Described> {
  return parsed.ok ? { ok: true, value: make(parsed.value) } : parsed;
}

function fault(path: string, message: string): Parsed<Described> {
  return { ok: false, fault: { path, message } };
}
