/** What happens on devices until they have the new lists, and what a thief of the key can do until then: in plain words. */
import type { Editing } from '../edit/next-list.ts';
import { current } from '../store/store.ts';
import type { Delegation, RootSigned } from '../tuf/metadata.ts';
import { parseTargets, parseTimestamp } from '../tuf/parse.ts';

export const LEARNS =
  'A device learns of the change at its first refresh after publishing; nothing that runs on it is stopped.';

/** Of a key that signs snapshot or timestamp. */
export async function fieldOfOnline({ store }: Editing): Promise<string[]> {
  const roles = (await current(store, 'targets', parseTargets))?.signed.delegations?.roles ?? [];
  const lists = await Promise.all(roles.map(r => current(store, r.name, parseTargets)));
  const ends = lists.flatMap(list => (list ? [list.signed.expires] : [])).toSorted();
  return [
    LEARNS,
    'Who holds both online keys can show devices no newer releases until the lists of their channels run out' +
      `${ends.length > 0 ? ` (${ends[0]?.slice(0, 10)} to ${ends.at(-1)?.slice(0, 10)})` : ''}, and can raise version numbers; ` +
      'they can make no device install anything.',
    'With the new root devices forget the versions of snapshot and timestamp that they saw under the old keys.',
    'Sign by the old keys no more from now on: what they sign after the new root is published is refused.',
  ];
}

/** Of a person's key in the root. */
export function fieldOfPeople(root: RootSigned, role: 'root' | 'targets'): string[] {
  return [
    `One key of ${role} alone can do nothing: ${root.roles[role].threshold} of ${root.roles[role].keyids.length} must sign. ` +
      'Devices count it until they have the new root.',
    ...(role === 'root' && root.roles.root.threshold === root.roles.root.keyids.length
      ? ['Every key of the root must sign the next one, this one too: if it is lost, only a new image helps.']
      : []),
  ];
}

/** Of a key that signs a channel or holds. */
export async function fieldOfDelegation({ store }: Editing, { name, threshold, paths }: Delegation): Promise<string[]> {
  const runsOut = (await current(store, 'timestamp', parseTimestamp))?.signed.expires;
  const cutOff =
    runsOut === undefined ? '' : `; one that a thief cuts off, until its timestamp runs out (now ${runsOut})`;
  const may = name.startsWith('h-') ? 'hold releases back' : `sign software for ${paths.join(', ')}`;
  return [
    threshold === 1
      ? `Until a device has the new lists, whoever holds the key can ${may}${cutOff}.`
      : `The key alone can do nothing in ${name}: ${threshold} must sign. Devices count it until they have the new lists${cutOff}.`,
    `The list of ${name} is signed anew, so that it stands under the keys that are left. Look at it with diff before: nothing in it may be the thief's.`,
  ];
}
