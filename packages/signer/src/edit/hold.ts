/** A hold: a signed "do not install this version". It can only take away, so one operator on duty suffices. */
import { HOLD_SCHEMA, type Hold, holdPath, holdRole, LIMITS, type Localized } from '@tidegate/protocol';
import { checkHold } from '../policy/description-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { Artifact } from '../store/artifact.ts';
import { newestTargets, writeDraft } from '../store/store.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';

export interface HoldRequest {
  readonly product: string;
  readonly component: string;
  readonly version: string;
  readonly reason: Localized;
}

export interface HoldResult extends Artifact {
  readonly path: string;
  readonly role: string;
  /** False where the version was held before; the first reason stands. */
  readonly added: boolean;
}

/** @throws SignerError `role-unknown`, `reason-missing`, `firmware-invalid`, `too-many-targets` */
export async function addHold(editing: Editing, request: HoldRequest): Promise<HoldResult> {
  const { product, component, version, reason } = request;
  const { store } = editing;
  const role = holdRole(product);
  const path = holdPath(product, component, version);
  const hold: Hold = checkHold({ schema: HOLD_SCHEMA, component, version, reason }, path);

  const delegations = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  if (!delegations.some(r => r.name === role)) {
    throw new SignerError(
      'role-unknown',
      `Nobody may hold releases of ${product} yet. Run "tidegate-signer delegate add --product ${product} --holds …" first.`,
    );
  }
  const list = await nextTargets(editing, role);
  const before = list.targets[path];
  if (before) return { sha256: before.hashes.sha256, lengthBytes: before.length, path, role, added: false };
  if (Object.keys(list.targets).length >= LIMITS.targetsPerRole) {
    throw new SignerError('too-many-targets', `${role} holds ${LIMITS.targetsPerRole} versions; no more fit in.`);
  }
  const artifact = await editing.intake.bytes(Buffer.from(`${JSON.stringify(hold)}\n`));
  const entry = { length: artifact.lengthBytes, hashes: { sha256: artifact.sha256 }, custom: { ...hold } };
  await writeDraft(store, role, unsigned({ ...list, targets: { ...list.targets, [path]: entry } }));
  return { ...artifact, path, role, added: true };
}
