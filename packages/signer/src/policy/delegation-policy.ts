/** Who may be given a role. Pure: looks at names, keys and the list of delegations, and says what stands against it. */
import { channelPaths, channelRole, holdPaths, holdRole, LIMITS, NAME_PATTERN } from '@tidegate/protocol';
import { canonicalize } from '@tufjs/canonical-json';
import type { PublicKey } from '../keys/signer.ts';
import { SignerError } from '../signer-error.ts';
import type { KnownKey } from '../store/config.ts';
import { keyId } from '../tuf/key.ts';
import type { Delegation, RootSigned, TargetsSigned } from '../tuf/metadata.ts';

/** A product's channel, or (without a channel) its holds. */
export interface DelegationRequest {
  readonly product: string;
  readonly channel?: string | undefined;
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

const name = new RegExp(NAME_PATTERN);

/** Makes the delegation. @throws SignerError `name-invalid`, `name-reserved`, `threshold-invalid`, `duplicate-key`, `key-kind` */
export function makeDelegation({ product, channel, keys, threshold }: DelegationRequest): Delegation {
  checkName('product', product);
  if (channel !== undefined) checkName('channel', channel);
  // hold/<product>/… is where holds lie: a product of that name could sign other products' holds.
  if (product === 'hold') throw new SignerError('name-reserved', 'No product can be named "hold".');
  checkKeys(keys, threshold);
  const machines = keys.filter(k => k.kind !== 'person');
  if (channel === 'stable' && machines.length > 1) {
    throw new SignerError(
      'key-kind',
      `A stable channel takes at most one key that is not a person's; these are: ${machines.map(k => k.name).join(', ')}.`,
    );
  }
  if (channel === undefined && threshold !== 1) {
    throw new SignerError('threshold-invalid', 'A hold can only take away, and must be quick: its threshold is 1.');
  }
  return {
    name: channel === undefined ? holdRole(product) : channelRole(product, channel),
    keyids: keys.map(k => k.keyid),
    threshold,
    terminating: channel !== undefined,
    paths: channel === undefined ? holdPaths(product) : channelPaths(product, channel),
  };
}

/** Keys of one role: each genuine, each once, enough of them. */
export function checkKeys(keys: readonly PublicKey[], threshold: number): void {
  for (const { name: who, keyid, key } of keys) {
    if (keyId(key) !== keyid)
      throw new SignerError('duplicate-key', `The id of key ${who} is not that of its material.`);
  }
  const twice = keys.find((k, i) => keys.findIndex(o => o.key.keyval.public === k.key.keyval.public) !== i);
  if (twice)
    throw new SignerError('duplicate-key', `Key ${twice.name} is given twice; each signature must be another's.`);
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw new SignerError('threshold-invalid', `A threshold of ${threshold} does not fit ${keys.length} keys.`);
  }
}

/** Keys that sign by themselves sign nothing else: who steals them must not be able to name software. */
export function checkNotOnline(keys: readonly PublicKey[], root: RootSigned): void {
  const online = new Set([...root.roles.snapshot.keyids, ...root.roles.timestamp.keyids]);
  const both = keys.find(k => online.has(k.keyid));
  if (both) {
    throw new SignerError('duplicate-key', `Key ${both.name} signs snapshot or timestamp; give this role another key.`);
  }
}

/** Whether every delegation in a list is one that could have been made here, however the list was written. */
export function checkDelegations(targets: TargetsSigned, known: readonly KnownKey[]): void {
  for (const role of targets.delegations?.roles ?? []) {
    const [first = '', second = ''] = (role.paths[0] ?? '').split('/');
    const place = first === 'hold' ? { product: second } : { product: first, channel: second };
    const keys = role.keyids.flatMap(keyid => {
      const key = targets.delegations?.keys[keyid];
      // A key whose holder nobody noted counts as a machine's.
      const { name: who, kind } = known.find(k => k.keyid === keyid) ?? {
        name: keyid.slice(0, 8),
        kind: 'ci' as const,
      };
      return key ? [{ name: who, keyid, key, kind }] : [];
    });
    const allowed = makeDelegation({ ...place, keys, threshold: role.threshold });
    if (canonicalize(allowed) !== canonicalize(role)) {
      throw new SignerError(
        'metadata-invalid',
        `The delegation ${role.name} has another name, paths or reach than it may have.`,
      );
    }
  }
}

/** Puts a delegation into the list: holds before channels, keys that nobody uses any more left out. */
export function withDelegation(targets: TargetsSigned, wanted: Delegation, keys: readonly PublicKey[]): TargetsSigned {
  const before = targets.delegations ?? { keys: {}, roles: [] };
  const rest = before.roles.filter(r => r.name !== wanted.name);
  const roles = [...rest, wanted].toSorted((a, b) => Number(a.terminating) - Number(b.terminating));
  if (roles.length > LIMITS.rolesPerSnapshot) {
    throw new SignerError('too-many-roles', `At most ${LIMITS.rolesPerSnapshot} roles fit into a repository.`);
  }
  const material = { ...before.keys, ...Object.fromEntries(keys.map(k => [k.keyid, k.key])) };
  const used = new Set(roles.flatMap(r => r.keyids));
  return {
    ...targets,
    delegations: { keys: Object.fromEntries(Object.entries(material).filter(([id]) => used.has(id))), roles },
  };
}

function checkName(what: string, value: string): void {
  if (!name.test(value)) {
    throw new SignerError(
      'name-invalid',
      `"${value}" is no ${what} name: it starts with a letter, then lowercase letters, digits and -, 32 at most.`,
    );
  }
}
