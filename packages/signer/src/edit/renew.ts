/** A fresh draft of a list with nothing changed but version and expiry: what a list needs before it runs out. */
import { SignerError } from '../signer-error.ts';
import { newestTargets, writeDraft } from '../store/store.ts';
import { kindOf } from '../tuf/role.ts';
import { type Editing, nextRoot, nextTargets, unsigned } from './next-list.ts';

export interface RenewResult {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
}

/** @throws SignerError `role-unknown` for what has no list yet, and for snapshot and timestamp, which `refresh` signs */
export async function renew(editing: Editing, role: string): Promise<RenewResult> {
  const kind = kindOf(role);
  if (kind === 'snapshot' || kind === 'timestamp') {
    throw new SignerError('role-unknown', `${role} is signed anew by "tidegate-signer refresh".`);
  }
  const known = kind === 'root' || (await newestTargets(editing.store, role));
  const next = kind === 'root' ? await nextRoot(editing) : await nextTargets(editing, role);
  if (!known || !next) throw new SignerError('role-unknown', `There is no list of ${role} to renew.`);
  await writeDraft(editing.store, role, unsigned(next));
  return { role, version: next.version, expires: next.expires };
}
