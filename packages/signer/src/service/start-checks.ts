/** What must be right before a service listens: better said at the start than at the first refresh. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { OnlineSigners } from '../edit/refresh.ts';
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';
import { current, storeAt } from '../store/store.ts';
import { keyId } from '../tuf/key.ts';
import { parseRoot } from '../tuf/parse.ts';

const LIST_BYTES = 512 * 1024;

/**
 * The repository's first root is its name: nothing else is the same for all copies and never changes.
 * @throws SignerError `role-unsigned`
 */
export async function nameOf(dir: string): Promise<string> {
  const root = await readBounded(join(storeAt(dir).metadata, '1.root.json'), LIST_BYTES);
  if (root) return hash('sha256', root, 'hex');
  throw new SignerError(
    'role-unsigned',
    'The root is not signed yet. Hold the ceremony first, then start the service.',
  );
}

/** @throws SignerError `role-unsigned`, `key-not-in-role` */
export async function checkKeys(dir: string, signers: OnlineSigners): Promise<void> {
  const root = await current(storeAt(dir), 'root', parseRoot);
  if (!root) throw new SignerError('role-unsigned', 'The root is not signed yet. Hold the ceremony first.');
  for (const role of ['snapshot', 'timestamp'] as const) {
    const key = signers[role];
    if (key && root.signed.roles[role].keyids.includes(keyId(key.publicKey()))) continue;
    throw new SignerError(
      'key-not-in-role',
      `The key that is configured for ${role} is not the one that the root names.`,
    );
  }
}
