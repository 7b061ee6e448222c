/**
 * What a draft would change, found in the lists themselves: never told by whoever sent them. Pure. Two lists of a role
 * that differ in more than nothing give at least one change.
 */
import { type TufKey, type Withdrawal, WITHDRAWN_FIELD } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';

import {
  type Delegation,
  isRoot,
  isTargets,
  type RoleKeys,
  type RootSigned,
  type Signed,
  type TargetEntry,
  type TargetsSigned,
} from '../tuf/metadata.ts';

export type Change =
  | { readonly what: 'first-version'; readonly version: number }
  | { readonly what: 'version'; readonly from: number; readonly to: number }
  | { readonly what: 'expires'; readonly from?: string | undefined; readonly to: string }
  | { readonly what: 'key-added' | 'key-removed'; readonly role: string; readonly keyid: string }
  | {
      readonly what: 'threshold';
      readonly role: string;
      readonly from?: number | undefined;
      readonly to: number;
      readonly of: number;
    }
  | {
      readonly what: 'delegation-added';
      readonly role: string;
      readonly paths: readonly string[];
      readonly terminating: boolean;
    }
  | { readonly what: 'delegation-removed'; readonly role: string }
  | {
      readonly what: 'delegation-reach';
      readonly role: string;
      readonly paths: readonly string[];
      readonly terminating: boolean;
    }
  | { readonly what: 'delegation-order'; readonly roles: readonly string[] }
  | { readonly what: 'target-added' | 'target-removed'; readonly path: string; readonly target: TargetEntry }
  | { readonly what: 'target-changed'; readonly path: string; readonly from: TargetEntry; readonly to: TargetEntry }
  | { readonly what: 'withdrawn'; readonly path: string; readonly withdrawal: Withdrawal }
  | { readonly what: 'material-added' | 'material-removed'; readonly keyid: string }
  | { readonly what: 'field'; readonly field: string; readonly from: unknown; readonly to: unknown };

/** @param from the complete list that is followed; undefined for a first version */
export function changesBetween(from: Signed | undefined, to: Signed): Change[] {
  return [
    from ? { what: 'version', from: from.version, to: to.version } : { what: 'first-version', version: to.version },
    ...(from?.expires === to.expires ? [] : [{ what: 'expires', from: from?.expires, to: to.expires } as const]),
    ...fieldChanges(from, to, [
      'version',
      'expires',
      'signatures',
      'keys',
      'roles',
      'targets',
      WITHDRAWN_FIELD,
      'delegations',
    ]),
    ...(isRoot(to) ? rootChanges(from && isRoot(from) ? from : undefined, to) : []),
    ...(isTargets(to) ? listChanges(from && isTargets(from) ? from : undefined, to) : []),
  ];
}

function rootChanges(from: RootSigned | undefined, to: RootSigned): Change[] {
  const roles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
  const named = new Set(roles.flatMap(role => [...to.roles[role].keyids, ...(from?.roles[role].keyids ?? [])]));
  return [
    ...roles.flatMap(role => roleChanges(role, from?.roles[role], to.roles[role])),
    ...materialChanges(from?.keys ?? {}, to.keys, named),
  ];
}

function listChanges(from: TargetsSigned | undefined, to: TargetsSigned): Change[] {
  return [
    ...targetChanges(from?.targets ?? {}, to.targets),
    ...withdrawalChanges(from?.[WITHDRAWN_FIELD] ?? {}, to[WITHDRAWN_FIELD] ?? {}),
    ...delegationChanges(from?.delegations, to.delegations),
  ];
}

/** A record that vanished or changed comes as a field: a list that is well made has none. */
function withdrawalChanges(
  from: Readonly<Record<string, Withdrawal>>,
  to: Readonly<Record<string, Withdrawal>>,
): Change[] {
  const added = Object.entries(to).filter(([path]) => !Object.hasOwn(from, path));
  const rest = Object.fromEntries(Object.entries(to).filter(([path]) => Object.hasOwn(from, path)));
  return [
    ...added.map(([path, withdrawal]) => ({ what: 'withdrawn', path, withdrawal }) as const),
    ...fieldChanges(from, rest).map(change =>
      change.what === 'field' ? { ...change, field: `${WITHDRAWN_FIELD} ${change.field}` } : change,
    ),
  ];
}

function roleChanges(role: string, from: RoleKeys | undefined, to: RoleKeys): Change[] {
  const added = to.keyids.filter(id => !from?.keyids.includes(id));
  const removed = (from?.keyids ?? []).filter(id => !to.keyids.includes(id));
  return [
    ...removed.map(keyid => ({ what: 'key-removed', role, keyid }) as const),
    ...added.map(keyid => ({ what: 'key-added', role, keyid }) as const),
    ...(from?.threshold === to.threshold
      ? []
      : [{ what: 'threshold', role, from: from?.threshold, to: to.threshold, of: to.keyids.length } as const]),
  ];
}

/** Keys that came or went without standing in a role: a list that is well made has none. */
function materialChanges(
  from: Readonly<Record<string, TufKey>>,
  to: Readonly<Record<string, TufKey>>,
  named: ReadonlySet<string>,
): Change[] {
  const odd = (of: Readonly<Record<string, TufKey>>, beside: Readonly<Record<string, TufKey>>) =>
    Object.keys(of).filter(id => !named.has(id) && !Object.hasOwn(beside, id));
  return [
    ...odd(from, to).map(keyid => ({ what: 'material-removed', keyid }) as const),
    ...odd(to, from).map(keyid => ({ what: 'material-added', keyid }) as const),
  ];
}

function delegationChanges(from: TargetsSigned['delegations'], to: TargetsSigned['delegations']): Change[] {
  const [before, after] = [from?.roles ?? [], to?.roles ?? []];
  const named = new Set([...before, ...after].flatMap(r => r.keyids));
  const kept = before.map(r => r.name).filter(name => after.some(r => r.name === name));
  const order = after.map(r => r.name).filter(name => kept.includes(name));
  return [
    ...before
      .filter(({ name }) => !after.some(r => r.name === name))
      .map(({ name }) => ({ what: 'delegation-removed', role: name }) as const),
    ...after.flatMap(role =>
      oneDelegation(
        before.find(r => r.name === role.name),
        role,
      ),
    ),
    ...(kept.join() === order.join() ? [] : [{ what: 'delegation-order', roles: after.map(r => r.name) } as const]),
    ...materialChanges(from?.keys ?? {}, to?.keys ?? {}, named),
  ];
}

function oneDelegation(from: Delegation | undefined, to: Delegation): Change[] {
  const { name: role, paths, terminating } = to;
  const reach = { role, paths, terminating };
  if (!from) return [{ what: 'delegation-added', ...reach }, ...roleChanges(role, undefined, to)];
  const same = from.paths.join('\n') === paths.join('\n') && from.terminating === terminating;
  return [...(same ? [] : [{ what: 'delegation-reach', ...reach } as const]), ...roleChanges(role, from, to)];
}

function targetChanges(from: TargetsSigned['targets'], to: TargetsSigned['targets']): Change[] {
  const paths = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted();
  return paths.flatMap((path): Change[] => {
    const before = Object.hasOwn(from, path) ? from[path] : undefined;
    const after = Object.hasOwn(to, path) ? to[path] : undefined;
    if (before && after) {
      return canonicalize(before) === canonicalize(after)
        ? []
        : [{ what: 'target-changed', path, from: before, to: after }];
    }
    if (after) return [{ what: 'target-added', path, target: after }];
    return before ? [{ what: 'target-removed', path, target: before }] : [];
  });
}

/** Fields of two objects that differ, but for those that are told in words of their own. */
export function fieldChanges(from: object | undefined, to: object, told: readonly string[] = []): Change[] {
  const [before, after] = [new Map(Object.entries(from ?? {})), new Map(Object.entries(to))];
  const names = [...new Set([...before.keys(), ...after.keys()])].filter(name => !told.includes(name));
  return names.toSorted().flatMap((field): Change[] => {
    const [was, is]: [unknown, unknown] = [before.get(field), after.get(field)];
    if (was !== undefined && is !== undefined && canonicalize(was) === canonicalize(is)) return [];
    return [{ what: 'field', field, from: was, to: is }];
  });
}
