/** How long security updates are promised, and that no one person can promise less. Pure. */
import { type Promised, promisedIn, promisesLess } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';

/** How many people it takes to promise less than before. */
export const PEOPLE_TO_SHORTEN = 2;

/** Keys that are known to be people's. */
export function peopleIn(keyids: readonly string[], known: readonly KnownKey[]): string[] {
  return keyids.filter(id => known.some(k => k.keyid === id && k.kind === 'person'));
}

/** @throws SignerError `support-shortened` where the role has not the people for it */
export function checkSupport(
  role: string,
  { before, next }: { readonly before: TargetsSigned | undefined; readonly next: TargetsSigned },
  keyids: readonly string[],
  known: readonly KnownKey[],
): void {
  if (!shortensSupport(before, next) || peopleIn(keyids, known).length >= PEOPLE_TO_SHORTEN) return;
  throw new SignerError(
    'support-shortened',
    `${role} would promise less support than before, for which two people must sign; nobody here knows two among its keys.`,
  );
}

export function promisedBy(list: Pick<TargetsSigned, 'targets'> | undefined): Promised | undefined {
  return promisedIn(list?.targets ?? {});
}

export function shortensSupport(before: TargetsSigned | undefined, next: TargetsSigned): boolean {
  return promisesLess(promisedBy(before), promisedBy(next));
}
