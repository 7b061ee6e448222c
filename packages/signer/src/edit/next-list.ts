/** The next version of a list, as a draft: an edit of a draft keeps its version and drops its signatures. */
import { RETIRED_FIELD } from '@tidegate/protocol';
import { type Clock, daysAfter, instant } from '../clock.ts';
import { VERSION_STEP_MAX } from '../policy/list-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { ExpiryDays, KnownKey } from '../store/config.ts';
import type { ProductPolicies } from '../store/product-policy.ts';
import type { Intake } from '../store/intake.ts';
import { current, draft, type Store } from '../store/store.ts';
import { type Envelope, type RootSigned, SPEC_VERSION, type TargetsSigned } from '../tuf/metadata.ts';
import { parseRoot, parseTargets } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';

/** What every edit needs to know. */
export interface Editing {
  readonly store: Store;
  /** Where what the edit lists is kept. */
  readonly intake: Intake;
  readonly now: Clock;
  readonly expiryDays: ExpiryDays;
  /** Keys whose holders are known. */
  readonly keys: readonly KnownKey[];
  /** What products demand of their releases. */
  readonly products: ProductPolicies;
}

/** What making a next list takes. */
export type Drafting = Pick<Editing, 'store' | 'now' | 'expiryDays'>;

export function expiry({ now, expiryDays }: Drafting, role: string): string {
  return instant(daysAfter(now(), expiryDays[kindOf(role)]));
}

/** The draft to be edited: the one at work, else the complete list's successor, else an empty first version. */
export async function nextTargets(editing: Drafting, role: string): Promise<TargetsSigned> {
  const expires = expiry(editing, role);
  const drafted = await draft(editing.store, role, parseTargets);
  if (drafted) return { ...drafted.signed, ...(drafted.signed[RETIRED_FIELD] !== true && { expires }) };
  const newest = await current(editing.store, role, parseTargets);
  if (newest) {
    const { signed } = newest;
    // What is signed for years stays so, whatever is changed in it.
    return { ...signed, version: signed.version + 1, ...(signed[RETIRED_FIELD] !== true && { expires }) };
  }
  return { _type: 'targets', spec_version: SPEC_VERSION, version: 1, expires, targets: {} };
}

/** A draft at work keeps its expiry, which people may have set. */
export async function nextRoot(editing: Drafting): Promise<RootSigned | undefined> {
  const expires = expiry(editing, 'root');
  const drafted = await draft(editing.store, 'root', parseRoot);
  if (drafted) return drafted.signed;
  const newest = await current(editing.store, 'root', parseRoot);
  return newest && { ...newest.signed, version: newest.signed.version + 1, expires };
}

/**
 * The version that the next one comes after. Steps stay small, so that a slip, or a thief who can name a version, cannot
 * use up the range.
 * @throws SignerError `version-conflict`
 */
export function versionFloor(role: string, version: number, above = version): number {
  if (above - version <= VERSION_STEP_MAX) return Math.max(version, above);
  throw new SignerError(
    'version-conflict',
    `${above} is too far above version ${version} of ${role}. Go on from where it is: with new online keys devices forget the rest.`,
  );
}

export function unsigned<S extends TargetsSigned | RootSigned>(signed: S): Envelope<S> {
  return { signatures: [], signed };
}
