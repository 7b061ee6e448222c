/** What is held back, of one product or of all: lists in force and drafts side by side. */
import { holdRole, type Localized, parseTargetPath } from '@tidegate/protocol';
import { checkHold } from '../policy/description-policy.ts';
import { SignerError } from '../signer-error.ts';
import { current, draft, newestTargets, type Store } from '../store/store.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';

export interface HeldVersion {
  readonly product: string;
  readonly component: string;
  readonly version: string;
  readonly reason: Localized;
  /** `drafted`: the hold waits for its signature; `lifting`: its end does. */
  readonly state: 'held' | 'drafted' | 'lifting';
}

/** @throws SignerError `role-unknown` where nobody may hold releases of that product */
export async function heldVersions(store: Store, product?: string): Promise<HeldVersion[]> {
  const roles = (await newestTargets(store, 'targets'))?.delegations?.roles ?? [];
  const wanted = roles
    .map(r => r.name)
    .filter(name => kindOf(name) === 'holds' && (product === undefined || name === holdRole(product)));
  if (product !== undefined && wanted.length === 0) {
    throw new SignerError('role-unknown', `Nobody may hold releases of ${product}.`);
  }
  return (await Promise.all(wanted.map(role => heldBy(store, role)))).flat();
}

async function heldBy(store: Store, role: string): Promise<HeldVersion[]> {
  const inForce = (await current(store, role, parseTargets))?.signed.targets ?? {};
  const next = (await draft(store, role, parseTargets))?.signed.targets ?? inForce;
  return Object.entries({ ...inForce, ...next }).map(([path, { custom }]) => {
    const { component, version, reason } = checkHold(custom, path);
    return { product: productOf(path), component, version, reason, state: stateOf(path, inForce, next) };
  });
}

function stateOf(path: string, inForce: Targets, next: Targets): HeldVersion['state'] {
  if (!Object.hasOwn(next, path)) return 'lifting';
  return Object.hasOwn(inForce, path) ? 'held' : 'drafted';
}

type Targets = TargetsSigned['targets'];

/** `hold/<product>/…` */
function productOf(path: string): string {
  return parseTargetPath(path)?.channel ?? '';
}
