/** Makes drafts that have enough signatures into complete lists: the root first, since it says who may sign the others. */
import { complete, draft, draftedRoles, type Store } from '../store/store.ts';
import { parseFor } from '../tuf/parse.ts';
import { candidateFor, judge } from './candidate.ts';
import { checkEvidence } from './evidence.ts';
import { authorities, binding } from './ground.ts';
import type { Editing } from './next-list.ts';
import { resultOf, type SignResult } from './sign.ts';
import { holding } from './signature.ts';

/**
 * @param roles all that have a draft unless given
 * @throws SignerError `nothing-to-sign`, and those of the list's checks; lists completed before stay complete
 */
export async function assemble(editing: Editing, roles?: readonly string[]): Promise<SignResult[]> {
  const results: SignResult[] = [];
  for (const role of inOrder(roles ?? (await waiting(editing.store)))) {
    // Read one by one: a root or a list of delegations that was just completed changes who may sign the next.
    const candidate = await candidateFor(editing, role);
    const allowed = authorities(candidate.rules);
    const kept = { ...candidate.envelope, signatures: holding(candidate.envelope, allowed) };
    const result = resultOf(candidate, kept);
    if (result.complete) {
      judge(candidate);
      await checkEvidence(editing, candidate);
      await complete(editing.store, role, kept, binding(candidate.rules));
    }
    results.push(result);
  }
  return results;
}

/** Roles with a draft; one that became a complete list just before a kill is none any more. */
async function waiting(store: Store): Promise<string[]> {
  const roles = await draftedRoles(store);
  const drafts = await Promise.all(roles.map(role => draft(store, role, parseFor(role))));
  return roles.filter((_, i) => drafts[i] !== undefined);
}

/** Who says who may sign comes before whom it is said of. */
export function inOrder(roles: readonly string[]): string[] {
  const rank = (role: string) => ['root', 'targets'].indexOf(role) + 1 || 3;
  return [...new Set(roles)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
