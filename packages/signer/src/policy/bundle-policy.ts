/** What a bundle may hold: listed releases, each component once, each after what it requires, for at least one hardware. Pure. */
import {
  type Bundle,
  type BundleEntry,
  type BundlePart,
  type Firmware,
  LIMITS,
  type TargetPath,
} from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { SignerError } from '../signer-error.ts';
import { classFaults } from './class-policy.ts';
import type { Image } from './description-policy.ts';

/** One component of a bundle, as people name it. */
export interface WantedPart {
  readonly component: string;
  readonly version: string;
}

/** The parts in their order: of each component all images that its version has. @throws SignerError `bundle-invalid`, `target-unknown` */
export function partsOf(wanted: readonly WantedPart[], images: readonly Image[]): BundlePart[] {
  if (wanted.length < 2 || wanted.length > LIMITS.partsPerBundle) {
    throw invalid(`has ${wanted.length} parts; 2 to ${LIMITS.partsPerBundle} are allowed`);
  }
  const twice = wanted.find((part, i) => wanted.findIndex(p => p.component === part.component) !== i);
  if (twice) throw invalid(`names ${twice.component} twice`);
  return wanted.flatMap(({ component, version }, i) => {
    const found = images.filter(({ firmware: f }) => f.component === component && f.version === version);
    if (found.length === 0) throw new SignerError('target-unknown', `The channel lists no ${component} ${version}.`);
    return found.map(({ path, sha256, lengthBytes, firmware }) => ({
      order: i + 1,
      component,
      version,
      counter: firmware.counter,
      hardware: firmware.hardware,
      path,
      sha256,
      lengthBytes,
    }));
  });
}

/** Hardware for which every component has an image. @throws SignerError `bundle-invalid` where there is none */
export function hardwareOf(parts: readonly BundlePart[]): string[] {
  const byComponent = [...Map.groupBy(parts, p => p.component).values()];
  const common = byComponent
    .map(variants => [...new Set(variants.flatMap(p => p.hardware))])
    .reduce((all, some) => all.filter(id => some.includes(id)));
  if (common.length > 0) return common.toSorted();
  throw invalid('has no hardware for which every component has an image');
}

/** What the description of a bundle follows from its parts. @throws SignerError `bundle-invalid`, `class-mixed` */
export function classOf(
  parts: readonly Firmware[],
  mixedReason: BundleEntry['mixedReason'],
): Pick<BundleEntry, 'class' | 'mixedReason'> {
  const brings = parts.some(f => f.class === 'feature' || f.addsFeatures === true);
  const secures = parts.some(f => f.class === 'security');
  const bundleClass = secures ? 'security' : brings ? 'feature' : 'maintenance';
  const reason = mixedReason === undefined ? {} : { mixedReason };
  const fixes = parts.flatMap(f => f.fixes ?? []);
  const [fault] = classFaults({ class: bundleClass, fixes, ...(brings && { addsFeatures: true }), ...reason });
  if (fault) throw new SignerError(fault.code, `The bundle: ${fault.path} ${fault.message}`);
  return { class: bundleClass, ...reason };
}

/** What a part requires of another one comes before it, new enough. @throws SignerError `bundle-invalid` */
export function checkOrder(parts: readonly BundlePart[], images: readonly Image[]): void {
  for (const part of parts) {
    const { firmware } = images.find(i => i.path === part.path) ?? {};
    for (const { component, minCounter } of firmware?.requires ?? []) {
      const needed = parts.find(p => p.component === component);
      if (!needed) continue;
      if (needed.counter < minCounter) {
        throw invalid(`brings ${component} at counter ${needed.counter}, but ${part.path} requires ${minCounter}`);
      }
      if (needed.order >= part.order)
        throw invalid(`must name ${component} before ${part.component}, which requires it`);
    }
  }
}

/**
 * Whether a bundle's file is what this program would have made of the list that names it.
 * @throws SignerError `bundle-invalid`, `target-unknown`, `class-mixed`
 */
export function checkBundle(
  bundle: Bundle,
  listed: { readonly at: TargetPath; readonly entry: BundleEntry; readonly images: readonly Image[] },
): void {
  const { at, entry, images } = listed;
  const wanted = [...Map.groupBy(bundle.parts, p => p.order).values()].map(([first]) => ({
    component: first?.component ?? '',
    version: first?.version ?? '',
  }));
  const parts = partsOf(wanted, images);
  const made: Bundle = {
    format: bundle.format,
    product: at.product,
    channel: at.channel,
    version: at.version,
    hardware: hardwareOf(parts),
    parts,
  };
  if (canonicalize(made) !== canonicalize(bundle)) throw invalid('says otherwise than the list that names it');
  checkOrder(parts, images);
  if (classOf(firmwareOf(parts, images), entry.mixedReason).class !== entry.class) {
    throw invalid('has another class than its parts');
  }
}

export function firmwareOf(parts: readonly BundlePart[], images: readonly Image[]): Firmware[] {
  return images.filter(i => parts.some(p => p.path === i.path)).map(i => i.firmware);
}

function invalid(what: string): SignerError {
  return new SignerError('bundle-invalid', `The bundle ${what}.`);
}
