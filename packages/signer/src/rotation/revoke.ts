/**
 * Takes a key out of every role in which it stands: root, targets, channels, holds, snapshot, timestamp. Makes all the
 * drafts that this needs, or none where a threshold could no longer be met.
 */
import { type Editing, nextRoot, nextTargets } from '../edit/next-list.ts';
import { plannedRoot, withKey, withOnlineKey, withoutKey } from '../edit/root.ts';
import type { PublicKey } from '../keys/signer.ts';
import { checkDelegations, checkNotOnline, withDelegation } from '../policy/delegation-policy.ts';
import { ONLINE_ROLES, PEOPLE_ROLES } from '../policy/root-policy.ts';
import { SignerError } from '../signer-error.ts';
import { current, governingRoot, newestTargets } from '../store/store.ts';
import { countSignatures, rootAuthority } from '../tuf/authority.ts';
import type { Delegation, RootSigned, TargetsSigned } from '../tuf/metadata.ts';
import { parseRoot, parseTargets } from '../tuf/parse.ts';
import { fieldOfDelegation, fieldOfOnline, fieldOfPeople, LEARNS } from './field.ts';
import { closingSteps, planDrafts, type PlannedDraft, type RotationDrafts, type RotationPlan } from './plan.ts';

export interface Revocation {
  readonly keyid: string;
  /** Takes the key's place wherever it stands. */
  readonly replacement?: PublicKey | undefined;
}

/** @throws SignerError `key-unknown` where it stands nowhere, `threshold-invalid`, `key-kind`, `duplicate-key` */
export async function revocationDrafts(editing: Editing, request: Revocation): Promise<RotationDrafts> {
  const { keyid, replacement } = request;
  if (replacement?.keyid === keyid) throw new SignerError('duplicate-key', 'A key cannot replace itself.');
  const fresh = replacement ? [{ name: replacement.name, keyid: replacement.keyid, kind: replacement.kind }] : [];
  const lists = new Map<string, RootSigned | TargetsSigned>();

  const root = await nextRoot(editing);
  if (root && Object.hasOwn(root.keys, keyid)) {
    lists.set('root', (await plannedRoot(editing, next => withoutEverywhere(next, request), fresh)).after);
  }
  const delegations = (await newestTargets(editing.store, 'targets'))?.delegations?.roles ?? [];
  const having = delegations.filter(role => role.keyids.includes(keyid));
  if (having.length > 0) lists.set('targets', await withoutIn(editing, having, request));
  else if (await mustSignTargetsAnew(editing, lists.get('root'))) {
    lists.set('targets', await nextTargets(editing, 'targets'));
  }
  for (const { name } of having) lists.set(name, await nextTargets(editing, name));
  if (lists.size === 0) await complainUnknown(editing, keyid);
  if (replacement && having.length > 0) checkNotOnline([replacement], root ?? (await governingRoot(editing.store)));
  return { lists, fresh };
}

export async function planRevocation(
  editing: Editing,
  { keyid, replacement }: Revocation,
  drafts: RotationDrafts,
): Promise<RotationPlan> {
  const planned = (await planDrafts(editing, drafts)).map(draft => askOthers(draft, keyid));
  const root = (await current(editing.store, 'root', parseRoot))?.signed ?? (await governingRoot(editing.store));
  const online = ONLINE_ROLES.some(role => root.roles[role].keyids.includes(keyid));
  const people = PEOPLE_ROLES.filter(role => root.roles[role].keyids.includes(keyid));
  const delegations = (await newestTargets(editing.store, 'targets'))?.delegations?.roles ?? [];
  const inDelegations = await Promise.all(
    delegations.filter(r => r.keyids.includes(keyid)).map(r => fieldOfDelegation(editing, r)),
  );
  return {
    drafts: planned,
    steps: closingSteps(planned, online, online && replacement !== undefined),
    inTheField: [
      ...(online ? await fieldOfOnline(editing) : [LEARNS]),
      ...people.flatMap(role => fieldOfPeople(root, role)),
      ...inDelegations.flat(),
    ],
  };
}

/** Nobody is sent to the holder of a revoked key, unless a threshold cannot be met without it. */
function askOthers(draft: PlannedDraft, keyid: string): PlannedDraft {
  const quorums = draft.quorums.map(quorum => {
    const others = quorum.open.filter(h => h.keyid !== keyid);
    return others.length < quorum.threshold ? quorum : { ...quorum, open: others };
  });
  return { ...draft, quorums };
}

function withoutEverywhere(root: RootSigned, { keyid, replacement }: Revocation): RootSigned {
  const people = PEOPLE_ROLES.filter(role => root.roles[role].keyids.includes(keyid)).reduce(
    (next, role) => withoutKey(replacement ? withKey(next, role, replacement) : next, role, keyid),
    root,
  );
  return ONLINE_ROLES.filter(role => root.roles[role].keyids.includes(keyid)).reduce((next, role) => {
    if (replacement) return withOnlineKey(next, role, replacement);
    throw new SignerError('threshold-invalid', `${role} has no other key: give a new one with --replace-with.`);
  }, people);
}

async function withoutIn(editing: Editing, having: readonly Delegation[], request: Revocation): Promise<TargetsSigned> {
  const { keyid, replacement } = request;
  const fresh = replacement ? [replacement] : [];
  const list = having.reduce(
    (next, role) => withDelegation(next, withoutKeyIn(role, request), fresh),
    await nextTargets(editing, 'targets'),
  );
  if (Object.hasOwn(list.delegations?.keys ?? {}, keyid)) throw new Error(`key ${keyid} is still delegated to`);
  checkDelegations(list, [...editing.keys, ...fresh]);
  return list;
}

function withoutKeyIn(role: Delegation, { keyid, replacement }: Revocation): Delegation {
  const left = role.keyids.filter(id => id !== keyid && id !== replacement?.keyid);
  const keyids = replacement ? [...left, replacement.keyid] : left;
  if (keyids.length >= role.threshold) return { ...role, keyids };
  throw new SignerError(
    'threshold-invalid',
    `${role.name} would have ${keyids.length} keys for a threshold of ${role.threshold}: give a new key with --replace-with.`,
  );
}

/** Whether the list of delegations would lack signatures under the new root, since the key was one of those that signed it. */
async function mustSignTargetsAnew(editing: Editing, root: RootSigned | TargetsSigned | undefined): Promise<boolean> {
  const list = await current(editing.store, 'targets', parseTargets);
  if (!list || !root || !('roles' in root)) return false;
  return countSignatures(list.envelope, [rootAuthority(root, 'targets')]).missing > 0;
}

/** A key that is out of every draft already is no error: the drafts only wait. */
async function complainUnknown({ store }: Editing, keyid: string): Promise<void> {
  const root = (await current(store, 'root', parseRoot))?.signed;
  const targets = (await current(store, 'targets', parseTargets))?.signed;
  const waits = [root?.keys, targets?.delegations?.keys].some(keys => keys && Object.hasOwn(keys, keyid));
  if (waits) return;
  throw new SignerError('key-unknown', `Key ${keyid.slice(0, 8)} stands in no role, so there is nothing to revoke.`);
}
