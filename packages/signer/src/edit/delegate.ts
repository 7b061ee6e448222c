/** Gives a role to keys: an edit of the list of delegations, and an empty first list for the role to be signed. */
import { knownKey } from '../keys/signer.ts';
import { type DelegationRequest, checkNotOnline, makeDelegation, withDelegation } from '../policy/delegation-policy.ts';
import { SignerError } from '../signer-error.ts';
import { noteKeys } from '../store/config.ts';
import { current, governingRoot, newestTargets, writeDraft } from '../store/store.ts';
import type { Delegation } from '../tuf/metadata.ts';
import { parseTargets } from '../tuf/parse.ts';
import { type Editing, nextTargets, unsigned } from './next-list.ts';

export interface DelegateRequest extends Omit<DelegationRequest, 'threshold'> {
  /** 2 for a stable channel, else 1, unless set. */
  readonly threshold?: number | undefined;
  /** Give an existing role to these keys instead of those that it has. */
  readonly replace?: boolean | undefined;
}

export interface DelegateResult {
  readonly role: string;
  /** False where the very same delegation was there. */
  readonly changed: boolean;
  /** Roles whose drafts wait for signatures now. */
  readonly toSign: readonly string[];
}

/** @throws SignerError `delegation-exists`, `role-name-taken`, and those of `makeDelegation` */
export async function delegate(editing: Editing, request: DelegateRequest): Promise<DelegateResult> {
  const { store } = editing;
  const threshold = request.threshold ?? (request.channel === 'stable' ? 2 : 1);
  const wanted = makeDelegation({ ...request, threshold });
  checkNotOnline(request.keys, await governingRoot(store));

  const existing = (await newestTargets(store, 'targets'))?.delegations?.roles.find(r => r.name === wanted.name);
  if (existing) {
    checkSamePaths(existing, wanted);
    if (sameKeys(existing, wanted)) return { role: wanted.name, changed: false, toSign: [] };
    if (request.replace !== true) {
      throw new SignerError(
        'delegation-exists',
        `${wanted.name} is given to other keys or by another threshold. To give it to these instead, add --replace.`,
      );
    }
  }
  await noteKeys(store.dir, request.keys.map(knownKey));
  const signed = withDelegation(await nextTargets(editing, 'targets'), wanted, request.keys);
  await writeDraft(store, 'targets', unsigned(signed));
  // A role without a list would break the look-up for its devices; one whose keys changed must be signed by the new ones.
  if (existing || !(await current(store, wanted.name, parseTargets))) {
    await writeDraft(store, wanted.name, unsigned(await nextTargets(editing, wanted.name)));
  }
  return { role: wanted.name, changed: true, toSign: ['targets', wanted.name] };
}

/** `p-a-b-c` can be product a, channel b-c, or product a-b, channel c: the first comer keeps the name. */
function checkSamePaths(existing: Delegation, wanted: Delegation): void {
  if (existing.paths.join() === wanted.paths.join()) return;
  throw new SignerError(
    'role-name-taken',
    `The role name ${wanted.name} is taken by ${existing.paths.join(', ')}. Choose another product or channel name.`,
  );
}

function sameKeys(a: Delegation, b: Delegation): boolean {
  return a.threshold === b.threshold && a.keyids.toSorted().join() === b.keyids.toSorted().join();
}
