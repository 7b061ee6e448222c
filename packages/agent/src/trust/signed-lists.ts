/**
 * The signed lists of one repository state, as far as this device needs them: the four top-level roles, its own
 * channel's role and its product's holds. Read from a generation folder, every signature is verified again.
 * Expiry is not judged here: that is done when the lists are fetched, and by the acceptance rule for the channel's role.
 */
import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { channelRole, holdRole } from '@tidegate/protocol';
import { Metadata, MetadataKind, type Root, type Snapshot, type Targets, type Timestamp } from '@tufjs/models';
import { AgentError } from '../agent-error.ts';

/** The lists that say what may be installed: all that a device needs without a network. */
export interface OfflineLists {
  readonly root: Metadata<Root>;
  readonly targets: Metadata<Targets>;
  /** Absent where the targets role does not delegate it (any more). */
  readonly channel: Metadata<Targets> | undefined;
  readonly holds: Metadata<Targets> | undefined;
}

export interface SignedLists extends OfflineLists {
  readonly timestamp: Metadata<Timestamp>;
  readonly snapshot: Metadata<Snapshot>;
}

/** The two delegated roles that a device follows; it looks at no other. */
export interface OwnRoles {
  readonly channel: string;
  readonly holds: string;
}

export function ownRoles(product: string, channel: string): OwnRoles {
  return { channel: channelRole(product, channel), holds: holdRole(product) };
}

/** Key ids that a targets role delegates to, by role; undefined where it does not. */
export function delegatedKeys(targets: Metadata<Targets>, role: string): readonly string[] | undefined {
  const roles = targets.signed.delegations?.roles ?? {};
  return Object.hasOwn(roles, role) ? roles[role]?.keyIDs : undefined;
}

/** SHA-256 of what was signed: the same root with one signature more is still the same root. */
export function rootDigest(root: Metadata<Root>): string {
  return createHash('sha256').update(canonicalize(root.signed.toJSON())).digest('hex');
}

/** A root that carries its own threshold of signatures. Whether to trust it is another question. */
export function readRoot(bytes: Buffer): Metadata<Root> {
  const root = Metadata.fromJSON(MetadataKind.Root, parse(bytes));
  root.verifyDelegate(MetadataKind.Root, root);
  return root;
}

/**
 * Reads and verifies lists under a root that is trusted already (TUF 5.6.3). Timestamp and snapshot are left out: what
 * they vouch for was checked when the lists were fetched, and a rotation of their keys must not undo it.
 * @param read bytes of `<role>.json`
 * @throws whatever is wrong with them; `trustError` puts it into a code
 */
export function readLists(
  root: Metadata<Root>,
  roles: OwnRoles,
  read: (role: string) => Buffer | undefined,
): OfflineLists {
  const bytesOf = (role: string) => {
    const bytes = read(role);
    if (!bytes) throw new AgentError('metadata-malformed', `${role}.json is missing`);
    return parse(bytes);
  };
  const targets = Metadata.fromJSON(MetadataKind.Targets, bytesOf('targets'));
  root.verifyDelegate('targets', targets);
  const delegated = (role: string) => {
    if (!delegatedKeys(targets, role)) return undefined;
    const list = Metadata.fromJSON(MetadataKind.Targets, bytesOf(role));
    targets.verifyDelegate(role, list);
    return list;
  };
  return { root, targets, channel: delegated(roles.channel), holds: delegated(roles.holds) };
}

function parse(bytes: Buffer): Parameters<typeof Metadata.fromJSON>[1] {
  // The models check the shape of what they read: this is a parser's first half.
  return JSON.parse(bytes.toString('utf8')) as Parameters<typeof Metadata.fromJSON>[1];
}
