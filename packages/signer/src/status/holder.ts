/** Keys by the names of those who hold them. The names come from the repository's config, never from signed lists. */
import type { KeyKind, KnownKey } from '../store/config.ts';
import type { Rule } from '../edit/ground.ts';
import { type Count, countSignatures } from '../tuf/authority.ts';
import type { Envelope } from '../tuf/metadata.ts';

export interface Holder {
  readonly keyid: string;
  /** The first digits of the id where nobody noted a name. */
  readonly name: string;
  readonly kind?: KeyKind;
}

/** One threshold, and who has helped to meet it. */
export interface Quorum {
  /** Whose threshold: `root` has that of its own version and that of the version before. */
  readonly of: string;
  /** False where the list that makes the rule is itself a draft: it does not hold anything up. */
  readonly binding: boolean;
  readonly threshold: number;
  readonly signed: readonly Holder[];
  readonly open: readonly Holder[];
  readonly missing: number;
}

export function holderOf(keyid: string, known: readonly KnownKey[]): Holder {
  const found = known.find(k => k.keyid === keyid);
  return found ? { keyid, name: found.name, kind: found.kind } : { keyid, name: keyid.slice(0, 8) };
}

export function quorumOf({ of, authority, binding }: Rule, envelope: Envelope, known: readonly KnownKey[]): Quorum {
  const { signedBy, open, missing }: Count = countSignatures(envelope, [authority]);
  const named = (ids: readonly string[]) => ids.map(id => holderOf(id, known));
  return { of, binding, threshold: authority.role.threshold, signed: named(signedBy), open: named(open), missing };
}

export function namesOf(holders: readonly Holder[]): string {
  return holders.map(h => h.name).join(', ');
}
