/** Adds a release to its channel's draft: the image is kept and hashed, described, given its counter, checked by policy. */
import { basename } from 'node:path';
import {
  channelRole,
  type Firmware,
  FIRMWARE_SCHEMA,
  formatTargetPath,
  LIMITS,
  RESERVED_COMPONENTS,
  type TargetPath,
  type ArtifactFormat,
} from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { instant } from '../clock.ts';
import { type DocumentFiles, documentEntry, type ReadDocument, readDocuments } from '../documents/document.ts';
import { decideCounter } from '../policy/counter.ts';
import { checkFirmware, imagesIn } from '../policy/description-policy.ts';
import { checkNamed } from '../policy/evidence-policy.ts';
import { checkRequirements } from '../policy/requirement-policy.ts';
import { judgeProvenance } from '../policy/provenance-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { Artifact } from '../store/artifact.ts';
import type { Progress } from '../store/intake.ts';
import { writeDraft } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { checkDelegated } from './delegated.ts';
import { listedReleases } from './listed.ts';
import { checkNotRetired } from './retired.ts';
import { withTargets } from './with-targets.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';

/** What people say of a release; the rest is found out. */
export interface ReleaseRequest
  extends Pick<
      Firmware,
      | 'component'
      | 'version'
      | 'hardware'
      | 'class'
      | 'severity'
      | 'fixes'
      | 'notes'
      | 'addsFeatures'
      | 'mixedReason'
      | 'disruptionSeconds'
      | 'minBatteryPercent'
      | 'needsReboot'
      | 'requires'
      | 'minFromCounter'
      | 'schedule'
      | 'selfOfferAfterDays'
      | 'mustUnderstand'
    >,
    DocumentFiles {
  readonly file: string;
  readonly product: string;
  readonly channel: string;
  readonly format: ArtifactFormat;
  /** `none` unless set. */
  readonly disruption?: Firmware['disruption'] | undefined;
  /** The next one unless set. */
  readonly counter?: number | undefined;
  readonly onProgress?: Progress | undefined;
}

export interface ReleaseResult extends Artifact {
  readonly path: string;
  readonly role: string;
  readonly counter: number;
  readonly firmware: Firmware;
  /** False where the very same release was listed before: nothing was changed. */
  readonly added: boolean;
}

/** @throws SignerError `role-unknown`, `target-exists`, `too-many-targets`, those of counter and description */
export async function addRelease(editing: Editing, request: ReleaseRequest): Promise<ReleaseResult> {
  const { store, now, intake } = editing;
  const { product, channel, component, version } = request;
  const role = channelRole(product, channel);
  if (RESERVED_COMPONENTS.includes(component)) {
    throw new SignerError('name-reserved', `No component can be named "${component}".`);
  }
  const path = formatTargetPath({ product, channel, component, version, file: basename(request.file) });
  const releasedAt = instant(now());
  const policy = editing.products[product] ?? {};
  const documents = await readDocuments(request, request.file);
  // The description is judged before gigabytes are read; the counter's place is held by the least one.
  checkNamed(checkFirmware(describe(request, documents, 1, releasedAt), path), path, policy);
  await checkDelegated(store, role, product, channel);

  const judge = async (artifact: Artifact) => {
    const listed = (await listedReleases(store, product)).filter(l => l.component === component);
    const counter = decideCounter(listed, { ...request, sha256: artifact.sha256 });
    const firmware = checkFirmware(describe(request, documents, counter, releasedAt), path);
    for (const { provenance } of documents) {
      if (provenance) judgeProvenance(provenance, artifact.sha256, policy.provenance);
    }
    const list = await nextTargets(editing, role);
    checkNotRetired(role, list);
    if (isListed(list, path, artifact, firmware)) return { artifact, firmware };
    const entry = { length: artifact.lengthBytes, hashes: { sha256: artifact.sha256 }, custom: { ...firmware } };
    checkRequirements(
      firmware,
      imagesIn(list).map(i => i.firmware),
      path,
    );
    const beside = documentTargets(list, { product, channel, component, version }, documents, releasedAt);
    return { artifact, firmware, next: withTargets(list, { ...beside, [path]: entry }) };
  };
  const besideBytes = documents.reduce((sum, { bytes }) => sum + bytes.length, LIMITS.targetsBytes);
  const { file, onProgress } = request;
  const { artifact, firmware, next } = await intake.file({ path: file, judge, besideBytes, onProgress });
  if (next) {
    for (const { bytes } of documents) await intake.bytes(bytes);
    await writeDraft(store, role, unsigned(next));
  }
  return { ...artifact, path, role, counter: firmware.counter, firmware, added: next !== undefined };
}

/** Only what was said goes into the signed description. */
function describe(
  request: ReleaseRequest,
  documents: readonly ReadDocument[],
  counter: number,
  releasedAt: string,
): Firmware {
  const { file: _f, product: _p, channel: _c, counter: _n, onProgress: _o, disruption = 'none', ...rest } = request;
  const { sbom: _s, provenance: _v, notesFile: _d, ...said } = rest;
  const refs = Object.fromEntries(documents.map(({ kind, ref }) => [kind === 'notes' ? 'longNotes' : kind, ref]));
  const all = { schema: FIRMWARE_SCHEMA, kind: 'full', ...said, ...refs, disruption, counter, releasedAt };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Firmware;
}

/** A document that several images of a version share is listed once. @throws where another is listed under its name */
function documentTargets(
  list: TargetsSigned,
  at: Omit<TargetPath, 'file'>,
  documents: readonly ReadDocument[],
  releasedAt: string,
): TargetsSigned['targets'] {
  const entries = documents.map(document => {
    const { ref, bytes } = document;
    const path = formatTargetPath({ ...at, file: ref.file });
    const custom = { ...documentEntry(document, { ...at, releasedAt }) };
    const before = list.targets[path];
    if (before && before.hashes.sha256 !== ref.sha256) {
      throw new SignerError(
        'target-exists',
        `${path} is listed already, with other bytes. Give the file another name.`,
      );
    }
    return [path, before ?? { length: bytes.length, hashes: { sha256: ref.sha256 }, custom }] as const;
  });
  return Object.fromEntries(entries);
}

/** Whether the very same release is listed, but for the time of its making. @throws where another is */
function isListed(list: TargetsSigned, path: string, artifact: Artifact, firmware: Firmware): boolean {
  const before = list.targets[path];
  if (!before) return false;
  const then = before.custom?.['releasedAt'];
  const sameWords = canonicalize(before.custom ?? {}) === canonicalize({ ...firmware, releasedAt: then });
  if (sameWords && before.hashes.sha256 === artifact.sha256) return true;
  throw new SignerError(
    'target-exists',
    `${path} is listed already, with other bytes or another description. Give the image another file name or version.`,
  );
}
