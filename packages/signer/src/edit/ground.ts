/**
 * What a draft stands on: the list that it follows, and who may sign it. Read from the repository, or from a payload file
 * on a machine that has no repository; judged in the same way.
 */
import { PEOPLE_TO_SHORTEN, peopleIn, shortensSupport } from '../policy/support-policy.ts';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import { current, draft, type Store } from '../store/store.ts';
import { type Authority, delegatedAuthority, rootAuthority } from '../tuf/authority.ts';
import {
  type Delegation,
  type RoleKeys,
  type RootSigned,
  isRoot,
  isTargets,
  type Signed,
  type TargetsSigned,
} from '../tuf/metadata.ts';
import { parseFor, parseRoot, parseTargets } from '../tuf/parse.ts';
import { kindOf } from '../tuf/role.ts';

/** A list as it is signed, and as a draft of it says. */
export interface Standing<S> {
  readonly inForce?: S | undefined;
  readonly planned?: S | undefined;
}

export interface Ground {
  readonly role: string;
  /** The complete list that the draft follows. */
  readonly previous: Signed | undefined;
  readonly root: Standing<RootSigned>;
  /** The list of delegations. */
  readonly targets: Standing<TargetsSigned>;
}

/** One threshold over a draft. */
export interface Rule {
  /** Whose, for people: `root 2`, `targets 4 (planned)`. */
  readonly of: string;
  readonly authority: Authority;
  /**
   * False for the rule of a list that is itself a draft: its keys may sign now, so that one visit of each key holder is
   * enough, but the threshold in force decides.
   */
  readonly binding: boolean;
}

export async function groundOf(store: Store, role: string): Promise<Ground> {
  return {
    role,
    previous: (await current(store, role, parseFor(role)))?.signed,
    root: {
      inForce: (await current(store, 'root', parseRoot))?.signed,
      planned: (await draft(store, 'root', parseRoot))?.signed,
    },
    targets: {
      inForce: (await current(store, 'targets', parseTargets))?.signed,
      planned: (await draft(store, 'targets', parseTargets))?.signed,
    },
  };
}

/** Who must sign, and who may: for a root its own keys and the last one's (TUF 5.3.4), for the rest whoever delegates. */
export function rulesFor(ground: Ground, signed: Signed, known: readonly KnownKey[]): readonly Rule[] {
  const { role, root } = ground;
  if (isRoot(signed)) return rootRules(signed, root.inForce);
  if (role === 'targets' || role === 'snapshot' || role === 'timestamp') {
    return standingRules(root, (list: RootSigned) => rootAuthority(list, role), 'root');
  }
  const rules = standingRules(ground.targets, list => delegatedAuthority(list, role), 'targets');
  if (rules.length === 0) throw new SignerError('role-unknown', `Nobody may sign ${role}: no delegation names it.`);
  return [...rules, ...supportRules(ground, signed, known, rules)];
}

/** Less support than was promised takes two people, whatever the role's threshold. */
function supportRules(
  { previous }: Ground,
  signed: Signed,
  known: readonly KnownKey[],
  rules: readonly Rule[],
): readonly Rule[] {
  if (!previous || !isTargets(previous) || !isTargets(signed) || !shortensSupport(previous, signed)) return [];
  return rules
    .filter(rule => rule.binding)
    .map(({ authority: { keys, role } }) => ({
      of: 'people, since support gets shorter',
      authority: { keys, role: { keyids: peopleIn(role.keyids, known), threshold: PEOPLE_TO_SHORTEN } },
      binding: true,
    }));
}

/** The delegation of a role as it will be. */
export function delegationIn({ role, targets }: Ground): Delegation | undefined {
  const kind = kindOf(role);
  if (kind !== 'channel' && kind !== 'holds') return undefined;
  return (targets.planned ?? targets.inForce)?.delegations?.roles.find(r => r.name === role);
}

/** The authorities that must be satisfied before a draft becomes a list. */
export function binding(rules: readonly Rule[]): readonly Authority[] {
  return rules.filter(r => r.binding).map(r => r.authority);
}

export function authorities(rules: readonly Rule[]): readonly Authority[] {
  return rules.map(r => r.authority);
}

function rootRules(next: RootSigned, last: RootSigned | undefined): Rule[] {
  const ruleOf = (root: RootSigned): Rule => ({
    of: `root ${root.version}`,
    authority: rootAuthority(root, 'root'),
    binding: true,
  });
  return last ? [ruleOf(next), ruleOf(last)] : [ruleOf(next)];
}

function standingRules<S extends Signed>(
  { inForce, planned }: Standing<S>,
  authorityOf: (list: S) => Authority | undefined,
  name: string,
): Rule[] {
  const [now, then] = [inForce && authorityOf(inForce), planned && authorityOf(planned)];
  const first: Rule[] = inForce && now ? [{ of: `${name} ${inForce.version}`, authority: now, binding: true }] : [];
  if (!planned || !then || (now && sameRule(now.role, then.role))) return first;
  return [...first, { of: `${name} ${planned.version} (planned)`, authority: then, binding: !now }];
}

function sameRule(a: RoleKeys, b: RoleKeys): boolean {
  return a.threshold === b.threshold && a.keyids.toSorted().join() === b.keyids.toSorted().join();
}
