/**
 * A rotation of keys before it is written: the drafts that it makes, who must sign each, what is to be done in which
 * order, and what happens in the field meanwhile. Worked out from the lists; writes nothing.
 */
import { type Change, changesBetween } from '../diff/change.ts';
import { groundOf, rulesFor } from '../edit/ground.ts';
import { inOrder } from '../edit/assemble.ts';
import { type Editing, unsigned } from '../edit/next-list.ts';
import { type KnownKey, noteKeys } from '../store/config.ts';
import { type Quorum, quorumOf } from '../status/holder.ts';
import { writeDraft } from '../store/store.ts';
import { isRoot, isTargets, type RootSigned, type TargetsSigned } from '../tuf/metadata.ts';

export interface PlannedDraft {
  readonly role: string;
  readonly version: number;
  readonly changes: readonly Change[];
  /** Every threshold under which it stands. */
  readonly quorums: readonly Quorum[];
}

export interface RotationPlan {
  /** In the order in which they are completed. */
  readonly drafts: readonly PlannedDraft[];
  /** What is to be done, in order. */
  readonly steps: readonly string[];
  /** What devices do meanwhile, and what the key's thief can do. */
  readonly inTheField: readonly string[];
}

/** The lists that a rotation writes as drafts, by role, and the keys that become known by it. */
export interface RotationDrafts {
  readonly lists: ReadonlyMap<string, RootSigned | TargetsSigned>;
  readonly fresh: readonly KnownKey[];
}

/** The drafts as people need to see them. */
export async function planDrafts({ store, keys }: Editing, { lists, fresh }: RotationDrafts): Promise<PlannedDraft[]> {
  const [root, targets] = [lists.get('root'), lists.get('targets')];
  const drafts: PlannedDraft[] = [];
  for (const role of inOrder([...lists.keys()])) {
    const signed = lists.get(role);
    if (!signed) continue;
    const ground = await groundOf(store, role);
    const rules = rulesFor(
      {
        ...ground,
        root: { ...ground.root, ...(root && isRoot(root) && { planned: root }) },
        targets: { ...ground.targets, ...(targets && isTargets(targets) && { planned: targets }) },
      },
      signed,
      [...keys, ...fresh],
    );
    drafts.push({
      role,
      version: signed.version,
      changes: changesBetween(ground.previous, signed),
      quorums: rules.map(rule => quorumOf(rule, unsigned(signed), [...keys, ...fresh])),
    });
  }
  return drafts;
}

/** The root last: until it is there, a rotation that was cut off in the midst is found unfinished and done again. */
export async function writeRotation({ store }: Editing, { lists, fresh }: RotationDrafts): Promise<void> {
  await noteKeys(store.dir, fresh);
  for (const role of inOrder([...lists.keys()]).toReversed()) {
    const signed = lists.get(role);
    if (signed) await writeDraft(store, role, unsigned(signed));
  }
}

/** The steps that every rotation ends with. */
export function closingSteps(drafts: readonly PlannedDraft[], online: boolean, newOnlineKeys: boolean): string[] {
  const roles = drafts.map(d => d.role);
  return [
    ...roles.map(
      role => `tidegate-signer payload ${role} --out ${role}.payload.json   # to every key holder named above`,
    ),
    `each of them: tidegate-signer diff --payload FILE, then sign --payload FILE --key KEY --out SIGNATURE`,
    `tidegate-signer add-signature ROLE SIGNATURE, for each that comes back`,
    'tidegate-signer assemble',
    `tidegate-signer publish --to URL … --snapshot-key KEY --timestamp-key KEY${newOnlineKeys ? ', with the new keys' : ''}`,
    ...(online
      ? [
          'if a thief published snapshots, the names of their files are taken on the server: add ' +
            '--above-snapshot N to publish, N being the highest of them, where it is near to yours',
        ]
      : []),
  ];
}
