/**
 * A fresh draft of a list with nothing changed but version and expiry: what a list needs before it runs out, and what a
 * channel needs whose versions a thief raised. Also the way to throw a draft away.
 */
import { RETIRED_FIELD } from '@tidegate/protocol';
import { daysAfter, instant } from '../clock.ts';
import { SignerError } from '../signer-error.ts';
import { current, newestTargets, removeDraft, writeDraft } from '../store/store.ts';
import type { RootSigned, TargetsSigned } from '../tuf/metadata.ts';
import { parseFor } from '../tuf/parse.ts';
import { checkDraftable } from './candidate.ts';
import { type Editing, expiry, nextRoot, nextTargets, unsigned, versionFloor } from './next-list.ts';

export interface RenewOptions {
  /** From now on; what the config says for such a list unless given. */
  readonly days?: number | undefined;
  /** Go on above this version, which a thief may have published. Not for root, whose versions follow one by one. */
  readonly above?: number | undefined;
}

export interface RenewResult {
  readonly role: string;
  readonly version: number;
  readonly expires: string;
}

/** The longest that a list can be signed for. */
export const DAYS_MAX = 3650;

/** @throws SignerError `role-unknown` for what has no list yet, and for snapshot and timestamp, which `refresh` signs; `usage` */
export async function renew(editing: Editing, role: string, options: RenewOptions = {}): Promise<RenewResult> {
  const kind = checkDraftable(role);
  const known = kind === 'root' || (await newestTargets(editing.store, role));
  const next = kind === 'root' ? await nextRoot(editing) : await nextTargets(editing, role);
  if (!known || !next) throw new SignerError('role-unknown', `There is no list of ${role} to draft anew.`);
  const { days, above } = options;
  if (above !== undefined && kind === 'root') {
    throw new SignerError('usage', 'Versions of the root follow one by one; no root can be skipped.');
  }
  const inForce = (await current(editing.store, role, parseFor(role)))?.signed.version ?? 0;
  const version = above === undefined ? next.version : versionFloor(role, inForce, above) + 1;
  const expires = days === undefined ? expiry(editing, role) : expiryIn(editing, days);
  await writeDraft(editing.store, role, unsigned(inUse({ ...next, version, expires })));
  return { role, version, expires };
}

/** A list that is drafted anew is in use again, retired or not. */
function inUse<S extends TargetsSigned | RootSigned>(signed: S): S {
  if (!(RETIRED_FIELD in signed)) return signed;
  const { [RETIRED_FIELD]: _, ...rest } = signed;
  return rest as S;
}

/** @throws SignerError `expiry-invalid` */
export function expiryIn({ now }: Editing, days: number): string {
  if (Number.isSafeInteger(days) && days >= 1 && days <= DAYS_MAX) return instant(daysAfter(now(), days));
  throw new SignerError('expiry-invalid', `A list is signed for 1 to ${DAYS_MAX} days, not for ${days}.`);
}

/** Throws a role's draft away, with its signatures. @throws SignerError `nothing-to-sign`, `role-unsigned` for a first one */
export async function dropDraft({ store }: Editing, role: string): Promise<void> {
  checkDraftable(role);
  if (!(await current(store, role, parseFor(role)))) {
    throw new SignerError('role-unsigned', `${role} has no complete list yet: its first draft stays.`);
  }
  if (await removeDraft(store, role)) return;
  throw new SignerError('nothing-to-sign', `There is no draft of ${role}.`);
}
