/** What a root must be, however it was written: people sign root and targets, two at least; machines sign what is online. */
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import type { RootSigned, TargetsSigned } from '../tuf/metadata.ts';

export const PEOPLE_ROLES = ['root', 'targets'] as const;
export type PeopleRole = (typeof PEOPLE_ROLES)[number];
export const ONLINE_ROLES = ['snapshot', 'timestamp'] as const;
export type OnlineRole = (typeof ONLINE_ROLES)[number];

/**
 * @param delegations the list of delegations: no key in it may be one of the online keys
 * @throws SignerError `threshold-invalid`, `key-kind`, `key-unknown`, `duplicate-key`, `metadata-invalid`
 */
export function checkRoot(
  root: Omit<RootSigned, 'expires'>,
  known: readonly KnownKey[],
  delegations: TargetsSigned['delegations'],
): void {
  if (!root.consistent_snapshot) throw new SignerError('metadata-invalid', 'A root must ask for consistent snapshots.');
  for (const role of PEOPLE_ROLES) checkPeople(role, root, known);
  for (const role of ONLINE_ROLES) checkOnline(role, root, known);
  checkApart(root, known, delegations);
  const used = new Set(Object.values(root.roles).flatMap(r => r.keyids));
  const idle = Object.keys(root.keys).find(id => !used.has(id));
  if (idle !== undefined) {
    throw new SignerError('metadata-invalid', `The root lists key ${nameOf(idle, known)}, which signs nothing.`);
  }
}

function checkPeople(role: PeopleRole, root: Omit<RootSigned, 'expires'>, known: readonly KnownKey[]): void {
  const { keyids, threshold } = root.roles[role];
  checkThreshold(role, threshold, keyids.length);
  for (const keyid of keyids) {
    const { name, kind } = holder(keyid, known);
    if (kind !== 'person') {
      throw new SignerError('key-kind', `Key ${name} is no person's; ${role} is signed by people only.`);
    }
  }
}

/** @throws SignerError `threshold-invalid` */
export function checkThreshold(role: PeopleRole, threshold: number, keys: number): void {
  if (threshold < 2) throw new SignerError('threshold-invalid', `${role} needs at least two people's signatures.`);
  if (threshold <= keys) return;
  throw new SignerError(
    'threshold-invalid',
    `${role} would have ${keys} keys for a threshold of ${threshold}: nobody could sign it any more. ` +
      'Add a key first, or give a replacement.',
  );
}

function checkOnline(role: OnlineRole, root: Omit<RootSigned, 'expires'>, known: readonly KnownKey[]): void {
  const { keyids, threshold } = root.roles[role];
  const [keyid = ''] = keyids;
  if (keyids.length !== 1 || threshold !== 1) {
    throw new SignerError(
      'threshold-invalid',
      `${role} is signed by one key, not by ${threshold} of ${keyids.length}.`,
    );
  }
  const { name, kind } = holder(keyid, known);
  if (kind !== 'online') throw new SignerError('key-kind', `Key ${name} is not of kind online, as ${role} needs.`);
}

/** Keys that sign by themselves sign nothing else: who steals them must not be able to name software. */
function checkApart(
  { roles }: Omit<RootSigned, 'expires'>,
  known: readonly KnownKey[],
  delegations: TargetsSigned['delegations'],
): void {
  const online = [...roles.snapshot.keyids, ...roles.timestamp.keyids];
  const others = [...roles.root.keyids, ...roles.targets.keyids, ...Object.keys(delegations?.keys ?? {})];
  const both = online.find((id, i) => others.includes(id) || online.indexOf(id) !== i);
  if (both === undefined) return;
  throw new SignerError(
    'duplicate-key',
    `Key ${nameOf(both, known)} signs snapshot or timestamp, and something else too; each online role has a key of its own.`,
  );
}

function holder(keyid: string, known: readonly KnownKey[]): KnownKey {
  const found = known.find(k => k.keyid === keyid);
  if (found) return found;
  throw new SignerError(
    'key-unknown',
    `Nobody here knows whose key ${keyid} is. Get its public key file from its holder: tidegate-signer key import FILE`,
  );
}

function nameOf(keyid: string, known: readonly KnownKey[]): string {
  return known.find(k => k.keyid === keyid)?.name ?? keyid.slice(0, 8);
}
