/** Bundles: releases of several components that go together, as one signed target of their channel. */
import { hash } from 'node:crypto';
import {
  type Bundle,
  BUNDLE_COMPONENT,
  BUNDLE_FILE,
  BUNDLE_SCHEMA,
  Bundle as BundleSchema,
  type BundleEntry,
  type BundlePart,
  channelRole,
  formatTargetPath,
  jsonParser,
  LIMITS,
  type Localized,
  parseTargetPath,
} from '@tidegate/protocol';
import { instant } from '../clock.ts';
import { checkOrder, classOf, firmwareOf, hardwareOf, partsOf, type WantedPart } from '../policy/bundle-policy.ts';
import { checkDescription, imagesIn } from '../policy/description-policy.ts';
import { SignerError } from '../signer-error.ts';
import { artifactBytes } from '../store/artifact.ts';
import { type Store, writeDraft } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { checkDelegated } from './delegated.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { checkNotRetired } from './retired.ts';
import { withTargets } from './with-targets.ts';

export interface BundleRequest {
  readonly product: string;
  readonly channel: string;
  readonly version: string;
  /** In the order in which they are activated. */
  readonly parts: readonly WantedPart[];
  readonly notes?: Localized;
  readonly mixedReason?: Localized;
}

export interface BundleResult {
  readonly path: string;
  readonly role: string;
  readonly sha256: string;
  readonly class: BundleEntry['class'];
  readonly hardware: readonly string[];
  readonly parts: readonly BundlePart[];
  /** False where the very same bundle is listed. */
  readonly added: boolean;
}

const parseBundle = jsonParser(BundleSchema);

/** @throws SignerError `role-unknown`, `role-retired`, `target-unknown`, `target-exists`, `bundle-invalid`, `class-mixed` */
export async function addBundle(editing: Editing, request: BundleRequest): Promise<BundleResult> {
  const { store, now } = editing;
  const { product, channel, version, notes, mixedReason } = request;
  const role = channelRole(product, channel);
  await checkDelegated(store, role, product, channel);
  const list = await nextTargets(editing, role);
  checkNotRetired(role, list);

  const images = imagesIn(list);
  const parts = partsOf(request.parts, images);
  checkOrder(parts, images);
  const bundle: Bundle = { format: 'tidegate-bundle-1', product, channel, version, hardware: hardwareOf(parts), parts };
  const path = formatTargetPath({ product, channel, component: BUNDLE_COMPONENT, version, file: BUNDLE_FILE });
  const entry: BundleEntry = {
    schema: BUNDLE_SCHEMA,
    kind: 'bundle',
    component: BUNDLE_COMPONENT,
    version,
    ...classOf(firmwareOf(parts, images), mixedReason),
    ...(notes && { notes }),
    releasedAt: instant(now()),
  };
  checkDescription(entry, path);

  const before = list.targets[path];
  const bytes = bundleBytes(bundle);
  const sha256 = hash('sha256', bytes, 'hex');
  const result = { path, role, sha256, class: entry.class, hardware: bundle.hardware, parts };
  if (before?.hashes.sha256 === sha256) return { ...result, added: false };
  if (before) throw new SignerError('target-exists', `${path} is listed with other parts. Give it another version.`);
  const target = { length: bytes.length, hashes: { sha256 }, custom: { ...entry } };
  const next = withTargets(list, { [path]: target });
  await editing.intake.bytes(bytes);
  await writeDraft(store, role, unsigned(next));
  return { ...result, added: true };
}

function bundleBytes(bundle: Bundle): Buffer {
  const bytes = Buffer.from(`${JSON.stringify(bundle, null, 2)}\n`);
  if (bytes.length <= LIMITS.bundleBytes) return bytes;
  throw new SignerError('bundle-invalid', `The bundle has ${bytes.length} bytes; ${LIMITS.bundleBytes} fit.`);
}

/** @throws SignerError `bundle-invalid` */
export function readBundle(bytes: Uint8Array, name: string): Bundle {
  const parsed = parseBundle(Buffer.from(bytes).toString('utf8'));
  if (parsed.ok) return parsed.value;
  throw new SignerError('bundle-invalid', `${name}: ${parsed.fault.path || 'it'} ${parsed.fault.message}.`);
}

/** The bundles on a list, read from their files. @throws SignerError `artifact-missing`, `bundle-invalid` */
export async function bundlesOn(store: Store, list: TargetsSigned): Promise<{ path: string; bundle: Bundle }[]> {
  const entries = Object.entries(list.targets).filter(
    ([path]) => parseTargetPath(path)?.component === BUNDLE_COMPONENT,
  );
  return Promise.all(
    entries.map(async ([path, { hashes }]) => ({
      path,
      bundle: readBundle(await artifactBytes(store, hashes.sha256, LIMITS.bundleBytes), path),
    })),
  );
}
