/**
 * What a draft newly lists, held against the bytes that are kept here: documents that products demand are there and say
 * what the policy asks for. Judged where the repository is; a key holder elsewhere has the list alone.
 */
import { type Described, formatTargetPath, LIMITS, type TargetPath } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { readProvenance } from '../documents/provenance.ts';
import { isDay } from '../policy/day.ts';
import { checkBundle } from '../policy/bundle-policy.ts';
import { checkDescription, imagesIn } from '../policy/description-policy.ts';
import { checkNamed } from '../policy/evidence-policy.ts';
import { judgeProvenance } from '../policy/provenance-policy.ts';
import { artifactBytes } from '../store/artifact.ts';
import { SignerError } from '../signer-error.ts';
import { isTargets, type TargetEntry, type TargetsSigned } from '../tuf/metadata.ts';
import { readBundle } from './bundle.ts';
import type { Candidate } from './candidate.ts';
import type { Editing } from './next-list.ts';
import { readDescriptor } from './product.ts';

/** @throws SignerError `evidence-missing`, `provenance-refused`, `document-invalid`, `artifact-missing` */
export async function checkEvidence(editing: Editing, { envelope, ground }: Candidate): Promise<void> {
  const { signed } = envelope;
  if (!isTargets(signed)) return;
  const before = ground.previous && isTargets(ground.previous) ? ground.previous.targets : {};
  for (const [path, target] of Object.entries(signed.targets)) {
    const known = Object.hasOwn(before, path) && canonicalize(before[path]) === canonicalize(target);
    if (!known) await checkTarget(editing, signed, path, checkDescription(target.custom, path));
  }
}

async function checkTarget(editing: Editing, list: TargetsSigned, path: string, described: Described): Promise<void> {
  const target = list.targets[path];
  if (!target) return;
  if (described.kind === 'firmware') await checkImage(editing, path, target, described);
  if (described.kind === 'product') await checkDescriptor(editing, path, target, described);
  if (described.kind === 'bundle') await checkBundleFile(editing, list, path, target, described);
}

/** A bundle names what the list names, and nothing else. */
async function checkBundleFile(
  { store }: Editing,
  list: TargetsSigned,
  path: string,
  target: TargetEntry,
  { at, entry }: Extract<Described, { kind: 'bundle' }>,
): Promise<void> {
  const bytes = await artifactBytes(store, target.hashes.sha256, LIMITS.bundleBytes);
  checkBundle(readBundle(bytes, path), { at, entry, images: imagesIn(list) });
}

/** The list is what is compared when support gets shorter, the file is what owners read. */
async function checkDescriptor(
  { store }: Editing,
  path: string,
  target: TargetEntry,
  { at, entry }: Extract<Described, { kind: 'product' }>,
): Promise<void> {
  const bytes = await artifactBytes(store, target.hashes.sha256, LIMITS.productBytes);
  const { product, channel, revision, supportEnds } = readDescriptor(bytes, path);
  const says = [product, channel, revision, supportEnds].join();
  if (says === [at.product, at.channel, entry.version, entry.supportEnds].join() && isDay(supportEnds)) return;
  throw new SignerError('document-invalid', `${path} says otherwise than the list that names it.`);
}

async function checkImage(
  { store, products }: Editing,
  path: string,
  target: TargetEntry,
  { at, entry }: Extract<Described, { kind: 'firmware' }>,
): Promise<void> {
  const policy = products[at.product];
  if (!policy) return;
  checkNamed(entry, path, policy);
  if (!policy.provenance || !entry.provenance) return;
  const { file, sha256 } = entry.provenance;
  const bytes = await artifactBytes(store, sha256, LIMITS.documentBytes);
  judgeProvenance(readProvenance(bytes, pathOf(at, file)), target.hashes.sha256, policy.provenance);
}

function pathOf(at: TargetPath, file: string): string {
  return formatTargetPath({ ...at, file });
}
