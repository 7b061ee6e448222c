/** Takes a version of a component off its channel's list; what devices need to know of it stays there as a record. */
import { channelRole, type Localized, parseTargetPath, PRODUCT_COMPONENT, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { instant } from '../clock.ts';
import { checkDeltas, deltasOf } from '../policy/delta-policy.ts';
import { checkDocuments, documentsOf } from '../policy/document-policy.ts';
import { hasText } from '../policy/has-text.ts';
import { SignerError } from '../signer-error.ts';
import { current, newestTargets, type Store, writeDraft } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { bundlesOn } from './bundle.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';
import { withoutTargets } from './without-targets.ts';

export interface WithdrawRequest {
  readonly product: string;
  readonly channel: string;
  readonly component: string;
  readonly version: string;
  /** One image only, by the last part of its path; else all of the version. */
  readonly file?: string | undefined;
  readonly reason: Localized;
}

export interface WithdrawResult {
  readonly role: string;
  /** What left the list; empty where it was withdrawn before. */
  readonly paths: readonly string[];
}

/** @throws SignerError `reason-missing`, `role-unknown`, `target-unknown`, `target-needed`, `too-many-targets` */
export async function withdraw(editing: Editing, request: WithdrawRequest): Promise<WithdrawResult> {
  const { store, now } = editing;
  const role = channelRole(request.product, request.channel);
  if (!hasText(request.reason)) {
    throw new SignerError('reason-missing', 'A withdrawal says in plain words why (--reason): it is signed with it.');
  }
  if (request.component === PRODUCT_COMPONENT) {
    throw new SignerError('usage', 'What owners were promised stays on record: describe the product anew instead.');
  }
  if (!(await newestTargets(store, role))) throw new SignerError('role-unknown', `There is no list of ${role}.`);
  const list = await nextTargets(editing, role);
  const named = Object.keys(list.targets).filter(path => isNamed(path, request));
  if (named.length === 0) {
    if (Object.keys(list[WITHDRAWN_FIELD] ?? {}).some(path => isNamed(path, request))) return { role, paths: [] };
    const { component, version, file } = request;
    throw new SignerError(
      'target-unknown',
      `${role} lists no ${component} ${version}${file === undefined ? '' : `, file ${file}`}.`,
    );
  }
  const paths = [...named, ...documentsOf(list.targets, named), ...deltasOf(list.targets, named)];
  await checkNotBundled(store, list, paths);
  const inForce = (await current(store, role, parseTargets))?.signed;
  const next = withoutTargets(list, paths, inForce, { reason: request.reason, at: instant(now()) });
  checkDocuments(role, next.targets);
  checkDeltas(role, next.targets);
  await writeDraft(store, role, unsigned(next));
  return { role, paths };
}

/** A bundle that lost a part could be installed by nobody. */
async function checkNotBundled(store: Store, list: TargetsSigned, paths: readonly string[]): Promise<void> {
  for (const { path, bundle } of await bundlesOn(store, list)) {
    const part = paths.includes(path) ? undefined : bundle.parts.find(p => paths.includes(p.path));
    if (part) throw new SignerError('target-needed', `${part.path} is part of ${path}; withdraw the bundle first.`);
  }
}

function isNamed(path: string, { product, channel, component, version, file }: WithdrawRequest): boolean {
  const at = parseTargetPath(path);
  const same =
    at?.product === product && at.channel === channel && at.component === component && at.version === version;
  return same && (file === undefined || at.file === file);
}
