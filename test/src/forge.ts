/** Twists the signatures of one role's newest list, everything else being signed as it must be. */
import { canonicalize } from '@tufjs/canonical-json';
import type { RepoSim } from './repo-sim.ts';

interface Signature {
  readonly keyid: string;
  readonly sig: string;
}

interface SignedList {
  readonly signatures: readonly Signature[];
  readonly signed: object;
}

/** The roles that a device follows, by what they are called in these tests. */
export const ROLES = ['root', 'timestamp', 'snapshot', 'targets', 'channel', 'holds'] as const;
export type RoleUnderAttack = (typeof ROLES)[number];

/** Publishes a new version of the role, then serves it with other signatures. */
export function forge(
  repo: RepoSim,
  role: RoleUnderAttack,
  twist: (signatures: readonly Signature[], payload: Buffer) => readonly Signature[],
): void {
  const name = roleName(repo, role);
  if (role === 'root') {
    repo.bump('root');
    repo.writeRoot();
  } else if (role === 'timestamp' || role === 'snapshot') repo.publish();
  else repo.publish([name]);
  const file = role === 'timestamp' ? 'timestamp.json' : `${repo.versions[name]}.${name}.json`;
  const list = JSON.parse(repo.file(file).toString()) as SignedList;
  const signatures = twist(list.signatures, Buffer.from(canonicalize(list.signed)));
  repo.metadata.set(file, Buffer.from(JSON.stringify({ ...list, signatures })));
  // The attacker is granted the timestamp's key, so that the snapshot's own signature is what stands in the way.
  if (role === 'snapshot') repo.writeTimestamp();
}

/** The honest signer goes on after the attack. */
export function unforge(repo: RepoSim, role: RoleUnderAttack): void {
  if (role === 'root') repo.writeRoot();
  else repo.publish([roleName(repo, role)]);
}

function roleName(repo: RepoSim, role: RoleUnderAttack): string {
  if (role === 'channel') return repo.role;
  if (role === 'holds') return `h-${repo.product}`;
  return role;
}
