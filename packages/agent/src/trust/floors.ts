/**
 * Below what this device never goes again: versions of signed lists, release counters, the trusted root, trusted time.
 * Pure. A list's floor holds for one set of keys, so that a rotation of keys after a theft also ends what the thief's
 * versions blocked (fast-forward recovery, TUF 5.3.11); release counters never fall, whatever is rotated.
 */
import { Counter, Name, Sha256 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../agent-error.ts';
import { delegatedKeys, type OfflineLists, type OwnRoles, rootDigest, type SignedLists } from './signed-lists.ts';

const Version = Type.Integer({ minimum: 0 });
const ListFloor = Type.Object({ keys: Type.Array(Type.String()), version: Version });

export const Floors = Type.Object({
  root: Type.Optional(Type.Object({ version: Version, sha256: Sha256 })),
  lists: Type.Record(Type.String(), ListFloor),
  counters: Type.Record(Name, Type.Union([Counter, Type.Literal(0)])),
  /** Milliseconds since 1970 of the latest signed evidence. */
  timeMs: Type.Integer({ minimum: 0 }),
});
export type Floors = Static<typeof Floors>;
type ListFloor = Static<typeof ListFloor>;

/** What lists say of themselves, in the shape of floors. */
export interface ListFacts {
  readonly root: { readonly version: number; readonly sha256: string };
  readonly lists: Readonly<Record<string, ListFloor>>;
}

export function factsOf(lists: OfflineLists | SignedLists, roles: OwnRoles): ListFacts {
  const { root, targets } = lists;
  const topLevel = (role: string, version: number): Record<string, ListFloor> => ({
    [role]: { keys: (root.signed.roles[role]?.keyIDs ?? []).toSorted(), version },
  });
  const delegated = (role: string, list: OfflineLists['channel']): Record<string, ListFloor> =>
    list ? { [role]: { keys: (delegatedKeys(targets, role) ?? []).toSorted(), version: list.signed.version } } : {};
  return {
    root: { version: root.signed.version, sha256: rootDigest(root) },
    lists: {
      ...('timestamp' in lists ? topLevel('timestamp', lists.timestamp.signed.version) : {}),
      ...('snapshot' in lists ? topLevel('snapshot', lists.snapshot.signed.version) : {}),
      ...topLevel('targets', targets.signed.version),
      ...delegated(roles.channel, lists.channel),
      ...delegated(roles.holds, lists.holds),
    },
  };
}

/** @throws AgentError metadata-rollback for an older root, metadata-mismatch for another root of the same version */
export function requireRootFloor(floors: Floors, root: ListFacts['root']): void {
  if (!floors.root) return;
  if (root.version < floors.root.version)
    throw new AgentError('metadata-rollback', `root ${root.version} is older than ${floors.root.version}, seen before`);
  if (root.version === floors.root.version && root.sha256 !== floors.root.sha256)
    throw new AgentError('metadata-mismatch', `root ${root.version} is not the root ${root.version} seen before`);
}

/** @throws AgentError metadata-rollback where a list is older than one seen under the same keys (TUF 5.4.3, 5.5.5) */
export function requireFloors(floors: Floors, facts: ListFacts): void {
  requireRootFloor(floors, facts.root);
  for (const [role, { keys, version }] of Object.entries(facts.lists)) {
    const floor = floors.lists[role];
    if (floor && sameKeys(floor.keys, keys) && version < floor.version)
      throw new AgentError('metadata-rollback', `${role} ${version} is older than ${floor.version}, seen before`);
  }
}

/** Raises the floors of lists; those of other keys are replaced, those of roles not told are kept. */
export function raiseLists(floors: Floors, facts: ListFacts): Floors {
  const lists = { ...floors.lists };
  for (const [role, now] of Object.entries(facts.lists)) {
    const floor = lists[role];
    if (!floor || !sameKeys(floor.keys, now.keys) || floor.version < now.version) lists[role] = now;
  }
  return { ...raiseRoot(floors, facts.root), lists };
}

export function raiseRoot(floors: Floors, root: ListFacts['root']): Floors {
  return floors.root && floors.root.version >= root.version ? floors : { ...floors, root };
}

export function raiseCounters(floors: Floors, counters: Readonly<Record<string, number>>): Floors {
  const raised = { ...floors.counters };
  for (const [component, counter] of Object.entries(counters))
    raised[component] = Math.max(counter, counterFloor(floors, component));
  return { ...floors, counters: raised };
}

export function counterFloor(floors: Floors, component: string): number {
  return Object.hasOwn(floors.counters, component) ? (floors.counters[component] ?? 0) : 0;
}

export function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.toSorted().join() === b.toSorted().join();
}
