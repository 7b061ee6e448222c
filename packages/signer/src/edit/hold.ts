/**
 * Holds: a signed "do not install this version". Any one person on duty can set one and lift it; neither brings anything to
 * a device that its channel's keys have not signed. The reason stands in the signed list, so the file under a path never
 * changes: a version can be held, freed and held again.
 */
import { HOLD_SCHEMA, type Hold, holdPath, holdRole, type Localized, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import { instant } from '../clock.ts';
import type { Signer } from '../keys/signer.ts';
import { checkHold } from '../policy/description-policy.ts';
import { hasText } from '../policy/has-text.ts';
import { SignerError } from '../signer-error.ts';
import { current, draft, newestTargets, removeDraft, type Store, writeDraft } from '../store/store.ts';
import { keyId } from '../tuf/key.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { listedReleases } from './listed.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { sign, type SignResult } from './sign.ts';
import { withTargets } from './with-targets.ts';
import { withoutTargets } from './without-targets.ts';

export interface HoldRequest {
  readonly product: string;
  readonly component: string;
  readonly version: string;
  readonly reason: Localized;
}

export interface HoldResult {
  readonly path: string;
  readonly role: string;
  /** False where it was so before; the first reason stands. */
  readonly changed: boolean;
  /** Whether a list here names that version: a slip would hold nothing. */
  readonly listed: boolean;
  /** Where a key was given and there was something to sign. */
  readonly signed?: SignResult;
}

/**
 * @throws SignerError `role-unknown`, `reason-missing`, `firmware-invalid`, `too-many-targets`; with a key those of
 *   signing, `draft-exists`
 */
export async function addHold(editing: Editing, request: HoldRequest, signer?: Signer): Promise<HoldResult> {
  const { product, component, version, reason } = request;
  const path = holdPath(product, component, version);
  const hold: Hold = checkHold({ schema: HOLD_SCHEMA, component, version, reason }, path);
  return act(editing, request, signer, async list => {
    if (Object.hasOwn(list.targets, path)) return undefined;
    const artifact = await editing.intake.bytes(holdFile(hold));
    const entry = { length: artifact.lengthBytes, hashes: { sha256: artifact.sha256 }, custom: { ...hold } };
    return withTargets(list, { [path]: entry });
  });
}

/** @throws SignerError `target-unknown` for what was never held, and as for a hold */
export async function liftHold(editing: Editing, request: HoldRequest, signer?: Signer): Promise<HoldResult> {
  const { product, component, version, reason } = request;
  const path = holdPath(product, component, version);
  if (!hasText(reason)) {
    throw new SignerError('reason-missing', 'Lifting a hold says in plain words why (--reason): it is signed with it.');
  }
  return act(editing, request, signer, async (list, inForce) => {
    if (Object.hasOwn(list.targets, path)) {
      return withoutTargets(list, [path], inForce, { reason, at: instant(editing.now()) });
    }
    if (Object.hasOwn(list[WITHDRAWN_FIELD] ?? {}, path)) return undefined;
    throw new SignerError('target-unknown', `${component} ${version} of ${product} is not held.`);
  });
}

type Change = (list: TargetsSigned, inForce: TargetsSigned | undefined) => Promise<TargetsSigned | undefined>;

async function act(
  editing: Editing,
  { product, component, version }: HoldRequest,
  signer: Signer | undefined,
  change: Change,
): Promise<HoldResult> {
  const { store } = editing;
  const role = holdRole(product);
  const path = holdPath(product, component, version);
  await checkOnDuty(store, product, signer);
  const inForce = (await current(store, role, parseTargets))?.signed;
  const list = await nextTargets(editing, role);
  if (signer) checkNothingElse(role, path, list, inForce);
  const listed = (await listedReleases(store, product)).some(l => l.component === component && l.version === version);
  const next = await change(list, inForce);
  const before = await draft(store, role, parseTargets);
  if (next) await writeDraft(store, role, unsigned(next));
  const result = { path, role, changed: next !== undefined, listed };
  if (!signer || !(next ?? before)) return result;
  try {
    return { ...result, signed: await sign(editing, role, signer) };
  } catch (error) {
    // One act: what could not be signed was not drafted either.
    if (next) await (before ? writeDraft(store, role, before) : removeDraft(store, role));
    throw error;
  }
}

/** Before anything is written. @throws SignerError `role-unknown`, `key-not-in-role` */
async function checkOnDuty(store: Store, product: string, signer: Signer | undefined): Promise<void> {
  const role = holdRole(product);
  const delegation = (await newestTargets(store, 'targets'))?.delegations?.roles.find(r => r.name === role);
  if (!delegation) {
    throw new SignerError(
      'role-unknown',
      `Nobody may hold releases of ${product} yet. Run "tidegate-signer delegate add --product ${product} --holds …" first.`,
    );
  }
  const keyid = signer && keyId(signer.publicKey());
  if (keyid === undefined || delegation.keyids.includes(keyid)) return;
  throw new SignerError(
    'key-not-in-role',
    `Key ${keyid.slice(0, 8)} may not sign ${role}. Use one of the role's keys.`,
  );
}

/** Who holds in a hurry signs that hold, and not what somebody else has drafted. @throws SignerError `draft-exists` */
function checkNothingElse(role: string, path: string, list: TargetsSigned, inForce: TargetsSigned | undefined): void {
  const others = (of: TargetsSigned | undefined) =>
    [of?.targets, of?.[WITHDRAWN_FIELD]].map(entries =>
      Object.fromEntries(Object.entries(entries ?? {}).filter(([name]) => name !== path)),
    );
  if (canonicalize(others(list)) === canonicalize(others(inForce))) return;
  throw new SignerError(
    'draft-exists',
    `A draft of ${role} changes more than this. Look at it (tidegate-signer diff ${role}), then leave out --key and sign it, or drop it.`,
  );
}

function holdFile({ schema, component, version }: Hold): Buffer {
  return Buffer.from(`${JSON.stringify({ schema, component, version })}\n`);
}
