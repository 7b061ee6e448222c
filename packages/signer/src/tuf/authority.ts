/** Who may sign a list, and whether enough have: thresholds counted by distinct keys whose signatures hold. */
import type { TufKey } from '@tidegate/protocol';
import { signatureHolds } from './key.ts';
import { type Envelope, type RoleKeys, type RootSigned, signedBytes, type TargetsSigned } from './metadata.ts';

/** One threshold to be met. A new root has two: its own, and that of the root before it (TUF 5.3.4). */
export interface Authority {
  readonly keys: Readonly<Record<string, TufKey>>;
  readonly role: RoleKeys;
}

export interface Count {
  /** Ids of keys whose signatures hold. */
  readonly signedBy: readonly string[];
  /** Ids of keys that may sign and have not. */
  readonly open: readonly string[];
  /** Signatures still wanting, over all thresholds. */
  readonly missing: number;
}

export function rootAuthority(root: RootSigned, role: keyof RootSigned['roles']): Authority {
  return { keys: root.keys, role: root.roles[role] };
}

/** The authority that `targets` gives to a delegated role; undefined where it does not delegate to it. */
export function delegatedAuthority(targets: TargetsSigned, role: string): Authority | undefined {
  const found = targets.delegations?.roles.find(r => r.name === role);
  return found && targets.delegations ? { keys: targets.delegations.keys, role: found } : undefined;
}

/** The key that may sign under one of the authorities. */
export function keyOf(authorities: readonly Authority[], keyid: string): TufKey | undefined {
  return authorities.find(a => a.role.keyids.includes(keyid))?.keys[keyid];
}

export function countSignatures(envelope: Envelope, authorities: readonly Authority[]): Count {
  const bytes = signedBytes(envelope.signed);
  const allowed = [...new Set(authorities.flatMap(a => a.role.keyids))];
  const signedBy = allowed.filter(id => {
    const key = keyOf(authorities, id);
    const sig = envelope.signatures.find(s => s.keyid === id)?.sig;
    return key !== undefined && sig !== undefined && signatureHolds(key, bytes, Buffer.from(sig, 'hex'));
  });
  const missing = authorities.map(a => a.role.threshold - a.role.keyids.filter(id => signedBy.includes(id)).length);
  return {
    signedBy,
    open: allowed.filter(id => !signedBy.includes(id)),
    missing: Math.max(0, ...missing),
  };
}
