/** Every list by the checks that stand before a signature, all answers gathered; and whether it bears its signatures. */
import type { Listed } from '../policy/counter.ts';
import { contentChecks, draftChecks, type ListContext } from '../policy/list-policy.ts';
import type { KnownKey } from '../store/config.ts';
import { type Authority, countSignatures, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import { isRoot } from '../tuf/metadata.ts';
import { kindOf } from '../tuf/role.ts';
import { type Finding, found } from './finding.ts';
import { withdrawnFrom } from '../edit/listed.ts';
import { newestLists, type LintedList, type LintedSet, remedyFor } from './linted-set.ts';
import { imagesOf } from './images.ts';

export function listFindings(set: LintedSet, keys: readonly KnownKey[], now: Date): Finding[] {
  return set.lists.flatMap(list => {
    const isDelegated = ['channel', 'holds'].includes(kindOf(list.role));
    const context = contextOf(set, list, keys, now);
    if (isDelegated && !context.delegation) return [stray(list)];
    const checks = contentChecks(list.role, list.signed, context);
    const all = list.standing === 'draft' ? [...draftChecks(list.role, list.signed, context), ...checks] : checks;
    const where = { role: list.role, remedy: remedyFor(list) };
    return [...all.flatMap(check => found(check, where)), ...signatureFindings(set, list)];
  });
}

/** As before a signature: a draft is judged beside the other drafts, a list in force beside what is in force. */
function contextOf(set: LintedSet, list: LintedList, keys: readonly KnownKey[], now: Date): ListContext {
  const planned = list.standing === 'draft';
  const root = (planned ? set.root.planned : undefined) ?? set.root.inForce;
  const targets = (planned ? set.targets.planned : undefined) ?? set.targets.inForce;
  const previous = planned ? set.lists.find(l => l.role === list.role && l.standing === 'inForce') : undefined;
  return {
    now,
    previous: previous?.signed,
    delegation: targets?.delegations?.roles.find(r => r.name === list.role),
    root,
    delegations: targets?.delegations,
    keys,
    listed: listedOf(set, list),
  };
}

/** All full images of the list's product, in all its channels, those withdrawn too. */
function listedOf(set: LintedSet, list: LintedList): Listed[] {
  const images = imagesOf(set);
  const product = images.find(i => i.role === list.role)?.product;
  const siblings = new Set(images.filter(i => i.product === product).map(i => i.role));
  const withdrawn = newestLists(set)
    .filter(l => siblings.has(l.role))
    .flatMap(l => withdrawnFrom(l.signed));
  return [...images.filter(i => i.product === product), ...withdrawn];
}

function signatureFindings(set: LintedSet, list: LintedList): Finding[] {
  const authority = list.standing === 'inForce' && authorityOver(set, list);
  const missing = authority ? countSignatures(list.envelope, [authority]).missing : 0;
  if (missing === 0) return [];
  const message = `${list.file} lacks ${missing} signature(s) of those who may sign it now.`;
  const { role } = list;
  return [{ code: 'threshold-not-met', severity: 'error', role, message, remedy: remedyFor(list) }];
}

function authorityOver({ root, targets }: LintedSet, { role, signed }: LintedList): Authority | undefined {
  if (isRoot(signed)) return rootAuthority(signed, 'root');
  if (role !== 'targets' && role !== 'snapshot' && role !== 'timestamp') {
    return targets.inForce && delegatedAuthority(targets.inForce, role);
  }
  return root.inForce && rootAuthority(root.inForce, role);
}

function stray({ role, file }: LintedList): Finding {
  const message = `${file}: no delegation names ${role}, so devices never read it.`;
  const remedy = `Sign the list of delegations that names it, or leave the file: it does no harm.`;
  return { code: 'role-stray', severity: 'warning', role, message, remedy };
}
