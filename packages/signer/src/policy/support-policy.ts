/** How long security updates are promised, and that no one person can promise less. Pure. */
import { PRODUCT_COMPONENT, parseTargetPath } from '@tidegate/protocol';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import type { TargetsSigned } from '../tuf/metadata.ts';
import { checkDescription } from './description-policy.ts';

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

/** The newest descriptor on a list. */
export interface Promised {
  readonly path: string;
  readonly revision: number;
  /** The last day of support. */
  readonly supportEnds: string;
}

export function promisedBy(list: Pick<TargetsSigned, 'targets'> | undefined): Promised | undefined {
  return Object.entries(list?.targets ?? {})
    .filter(([path]) => parseTargetPath(path)?.component === PRODUCT_COMPONENT)
    .flatMap(([path, { custom }]) => {
      const { kind, entry } = checkDescription(custom, path);
      return kind === 'product' ? [{ path, revision: Number(entry.version), supportEnds: entry.supportEnds }] : [];
    })
    .toSorted((a, b) => b.revision - a.revision)[0];
}

/** Days are compared as text: they have one writing. */
export function shortensSupport(before: TargetsSigned | undefined, next: TargetsSigned): boolean {
  const [was, is] = [promisedBy(before), promisedBy(next)];
  return was !== undefined && (is === undefined || is.revision < was.revision || is.supportEnds < was.supportEnds);
}
