/** Edits of the root: who may sign root and targets, how many of them, until when. Each is a change of the next draft. */
import type { PublicKey } from '../keys/signer.ts';
import { checkThreshold, checkRoot, type OnlineRole, PEOPLE_ROLES, type PeopleRole } from '../policy/root-policy.ts';
import { SignerError } from '../signer-error.ts';
import { noteKeys, type KnownKey } from '../store/config.ts';
import { newestTargets, writeDraft } from '../store/store.ts';
import type { RoleKeys, RootSigned } from '../tuf/metadata.ts';
import { type Editing, nextRoot, unsigned } from './next-list.ts';
import { expiryIn } from './renew.ts';

export interface RootDraft {
  readonly version: number;
  readonly expires: string;
  /** False where the root, or its draft, was so before; signatures under the draft are kept then. */
  readonly changed: boolean;
}

/** @throws SignerError `key-kind`, `duplicate-key` */
export function addRootKey(
  editing: Editing,
  { key, roles = PEOPLE_ROLES }: { readonly key: PublicKey; readonly roles?: readonly PeopleRole[] | undefined },
): Promise<RootDraft> {
  return editRoot(editing, root => roles.reduce((next, role) => withKey(next, role, key), root), [key]);
}

/** @throws SignerError `key-unknown` where no role has it, `threshold-invalid` where too few would be left */
export function removeRootKey(
  editing: Editing,
  { keyid, roles = PEOPLE_ROLES }: { readonly keyid: string; readonly roles?: readonly PeopleRole[] | undefined },
): Promise<RootDraft> {
  return editRoot(editing, root => {
    const having = roles.filter(role => root.roles[role].keyids.includes(keyid));
    if (having.length === 0) {
      throw new SignerError('key-unknown', `Key ${keyid.slice(0, 8)} stands in no such role of the root.`);
    }
    return having.reduce((next, role) => withoutKey(next, role, keyid), root);
  });
}

/** @throws SignerError `threshold-invalid` */
export function setRootThreshold(
  editing: Editing,
  { role, threshold }: { readonly role: PeopleRole; readonly threshold: number },
): Promise<RootDraft> {
  return editRoot(editing, root => {
    checkThreshold(role, threshold, root.roles[role].keyids.length);
    return withRole(root, role, { ...root.roles[role], threshold });
  });
}

/** @param days from now on @throws SignerError `expiry-invalid` */
export function expireRoot(editing: Editing, { days }: { readonly days: number }): Promise<RootDraft> {
  return editRoot(editing, root => ({ ...root, expires: expiryIn(editing, days) }));
}

export function withKey(root: RootSigned, role: PeopleRole, { keyid, key }: PublicKey): RootSigned {
  const { keyids, threshold } = root.roles[role];
  if (keyids.includes(keyid)) return root;
  return withRole({ ...root, keys: { ...root.keys, [keyid]: key } }, role, { keyids: [...keyids, keyid], threshold });
}

/** @throws SignerError `threshold-invalid` where fewer keys than the threshold would be left */
export function withoutKey(root: RootSigned, role: PeopleRole, keyid: string): RootSigned {
  const { keyids, threshold } = root.roles[role];
  const left = keyids.filter(id => id !== keyid);
  checkThreshold(role, threshold, left.length);
  return withRole(root, role, { keyids: left, threshold });
}

/** The online key of a role in place of the one that it has. */
export function withOnlineKey(root: RootSigned, role: OnlineRole, { keyid, key }: PublicKey): RootSigned {
  return withRole({ ...root, keys: { ...root.keys, [keyid]: key } }, role, { keyids: [keyid], threshold: 1 });
}

/** The next root, changed and judged, but not written. */
export async function plannedRoot(
  editing: Editing,
  change: (root: RootSigned) => RootSigned,
  fresh: readonly KnownKey[] = [],
): Promise<{ readonly before: RootSigned; readonly after: RootSigned }> {
  const before = await nextRoot(editing);
  if (!before) throw new SignerError('repository-damaged', 'There is no root, neither complete nor in draft.');
  const after = change(before);
  checkRoot(after, [...editing.keys, ...fresh], (await newestTargets(editing.store, 'targets'))?.delegations);
  return { before, after };
}

async function editRoot(
  editing: Editing,
  change: (root: RootSigned) => RootSigned,
  fresh: readonly PublicKey[] = [],
): Promise<RootDraft> {
  const { store } = editing;
  const { before, after } = await plannedRoot(editing, change, fresh);
  const { version, expires } = after;
  if (sameRoot(before, after)) return { version, expires, changed: false };
  await noteKeys(
    store.dir,
    fresh.map(({ name, keyid, kind }) => ({ name, keyid, kind })),
  );
  await writeDraft(store, 'root', unsigned(after));
  return { version, expires, changed: true };
}

export function sameRoot(a: RootSigned, b: RootSigned): boolean {
  return a.expires === b.expires && JSON.stringify(a.roles) === JSON.stringify(b.roles);
}

function withRole(root: RootSigned, role: keyof RootSigned['roles'], keys: RoleKeys): RootSigned {
  const roles = { ...root.roles, [role]: keys };
  const used = new Set(Object.values(roles).flatMap(r => r.keyids));
  return { ...root, roles, keys: Object.fromEntries(Object.entries(root.keys).filter(([id]) => used.has(id))) };
}
