/**
 * What TUF allows and this device does not: one key counted twice, key ids that are not the key's hash,
 * role names that could be read as paths. Pure; run on every root and on the list of delegations before it is walked.
 */
import { createHash } from 'node:crypto';
import { canonicalize } from '@tufjs/canonical-json';
import { parseTufKey, ROLE_PATTERN } from '@tidegate/protocol';
import type { Key, Metadata, Root, Targets } from '@tufjs/models';
import { AgentError } from '../agent-error.ts';

const roleName = new RegExp(ROLE_PATTERN);

/** @throws AgentError metadata-malformed */
export function lintRoot(root: Metadata<Root>): void {
  lintKeys('root', root.signed.keys);
  if (!root.signed.consistentSnapshot) throw new AgentError('metadata-malformed', 'root: consistent snapshots are off');
}

/** @throws AgentError metadata-malformed */
export function lintDelegations(targets: Metadata<Targets>): void {
  const { delegations } = targets.signed;
  if (!delegations) return;
  lintKeys('targets', delegations.keys);
  if (delegations.succinctRoles) throw new AgentError('metadata-malformed', 'targets: hash bins are not supported');
  for (const name of Object.keys(delegations.roles ?? {})) {
    if (!roleName.test(name))
      throw new AgentError('metadata-malformed', `targets: ${JSON.stringify(name).slice(0, 100)} is no name of a role`);
  }
}

/**
 * The types whose signatures tuf-js counts. It leaves others uncounted, so a later root may list keys of a type that this
 * device does not know.
 */
const COUNTED = new Set(['ed25519', 'ecdsa', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'rsa']);

/**
 * One key under two ids would meet a threshold of two by itself (TUF 4.2, 4.3). tuf-js reads a key in several writings;
 * here each has one, so that equal keys are equal texts.
 */
function lintKeys(list: string, keys: Readonly<Record<string, Key>>): void {
  const seen = new Set<string>();
  for (const [id, key] of Object.entries(keys)) {
    const computed = createHash('sha256').update(canonicalize(key.toJSON())).digest('hex');
    if (computed !== id) throw new AgentError('metadata-malformed', `${list}: key id ${id} is not the hash of its key`);
    if (!COUNTED.has(key.keyType)) continue;
    if (!parseTufKey(key.toJSON()).ok) {
      throw new AgentError('metadata-malformed', `${list}: key ${id} is not written as Ed25519 and P-256 keys are`);
    }
    const material = key.keyVal['public'] ?? '';
    if (seen.has(material)) throw new AgentError('metadata-malformed', `${list}: key ${id} stands there twice`);
    seen.add(material);
  }
}
