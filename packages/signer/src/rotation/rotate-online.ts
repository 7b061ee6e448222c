/** New keys for snapshot and timestamp, by a new root: as a routine, or after they were stolen. */
import { plannedRoot, sameRoot, withOnlineKey } from '../edit/root.ts';
import type { Editing } from '../edit/next-list.ts';
import type { PublicKey } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import { closingSteps, planDrafts, type RotationDrafts, type RotationPlan } from './plan.ts';
import { fieldOfOnline } from './field.ts';

export interface OnlineRotation {
  readonly snapshotKey?: PublicKey | undefined;
  readonly timestampKey?: PublicKey | undefined;
}

/** @throws SignerError `usage` without a key, `key-kind`, `duplicate-key` for one that signs something else */
export async function onlineDrafts(editing: Editing, request: OnlineRotation): Promise<RotationDrafts> {
  const { snapshotKey, timestampKey } = request;
  const fresh = [snapshotKey, timestampKey]
    .filter(key => key !== undefined)
    .map(({ name, keyid, kind }) => ({ name, keyid, kind }));
  if (fresh.length === 0) throw new SignerError('usage', 'Say which key is replaced: --snapshot-key, --timestamp-key.');
  const { before, after } = await plannedRoot(
    editing,
    root => {
      const next = snapshotKey ? withOnlineKey(root, 'snapshot', snapshotKey) : root;
      return timestampKey ? withOnlineKey(next, 'timestamp', timestampKey) : next;
    },
    fresh,
  );
  return { lists: sameRoot(before, after) ? new Map() : new Map([['root', after]]), fresh };
}

export async function planOnline(editing: Editing, drafts: RotationDrafts): Promise<RotationPlan> {
  const planned = await planDrafts(editing, drafts);
  return { drafts: planned, steps: closingSteps(planned, true, true), inTheField: await fieldOfOnline(editing) };
}
