/** How long security updates are promised by a signed list, and whether another list promises less. Pure; never throws. */
import { describedAs } from './described.ts';

/** The newest descriptor on a list. */
export interface Promised {
  readonly path: string;
  readonly revision: number;
  /** The last day of support. */
  readonly supportEnds: string;
}

/** @param targets of a channel's list; what is no readable descriptor is passed over */
export function promisedIn(targets: Readonly<Record<string, { readonly custom?: unknown }>>): Promised | undefined {
  return Object.entries(targets)
    .flatMap(([path, { custom }]) => {
      const described = describedAs(path, custom);
      if (!described.ok || described.value.kind !== 'product') return [];
      const { version, supportEnds } = described.value.entry;
      return [{ path, revision: Number(version), supportEnds }];
    })
    .toSorted((a, b) => b.revision - a.revision)[0];
}

/** Also where the descriptor is gone, or an older one counts again. Days are compared as text: they have one writing. */
export function promisesLess(before: Promised | undefined, next: Promised | undefined): boolean {
  if (!before) return false;
  return !next || next.revision < before.revision || next.supportEnds < before.supportEnds;
}
