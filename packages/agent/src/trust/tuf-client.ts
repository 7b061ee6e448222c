/** The TUF client workflow as a device follows it: the top-level roles, its own channel and its holds, and no other. */
import { holdPath } from '@tidegate/protocol';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { AgentError } from '../agent-error.ts';
import { lintDelegations, lintRoot } from './lint.ts';
import { delegatedKeys, type OwnRoles, ownRoles, type SignedLists } from './signed-lists.ts';
import { openUpdater, type UpdaterOptions } from './updater.ts';

export interface TufClientOptions extends UpdaterOptions {
  readonly product: string;
  readonly channel: string;
}

export interface TufClient {
  /** Fetches and verifies everything that this device needs. @throws AgentError */
  refresh(): Promise<SignedLists>;
  /** The newest root that was verified, also after a failed refresh. */
  root(): SignedLists['root'];
}

export function openTufClient(options: TufClientOptions): TufClient {
  const { updater, lists: trustedSet, faultOf } = openUpdater(options);
  const roles = ownRoles(options.product, options.channel);

  const walk = async (): Promise<SignedLists> => {
    lintRoot(trustedSet.root);
    await updater.refresh();
    lintRoot(trustedSet.root);
    const { root, timestamp, snapshot, targets } = trustedSet;
    if (!timestamp || !snapshot || !targets) throw new AgentError('internal', 'tuf-js has not loaded every list');
    lintDelegations(targets);
    for (const role of [roles.channel, roles.holds]) requireInSnapshot(role, targets, snapshot);
    // Asking for a path walks to its role and loads it; nothing has to lie there.
    await updater.getTargetInfo(`${options.product}/${options.channel}/any/0/any`);
    await updater.getTargetInfo(holdPath(options.product, 'any', '0'));
    return { root, timestamp, snapshot, targets, ...loadedRoles(trustedSet, targets, roles) };
  };

  return {
    root: () => trustedSet.root,
    async refresh() {
      try {
        return await walk();
      } catch (error) {
        throw faultOf(error);
      }
    },
  };
}

function requireInSnapshot(role: string, targets: SignedLists['targets'], snapshot: SignedLists['snapshot']): void {
  if (delegatedKeys(targets, role) && !Object.hasOwn(snapshot.signed.meta, `${role}.json`))
    throw new AgentError('metadata-rollback', `${role} is delegated, but the snapshot hides it`);
}

function loadedRoles(
  store: TrustedMetadataStore,
  targets: SignedLists['targets'],
  roles: OwnRoles,
): Pick<SignedLists, 'channel' | 'holds'> {
  const loaded = (role: string) => {
    if (!delegatedKeys(targets, role)) return undefined;
    const list = store.getRole(role);
    if (!list) throw new AgentError('metadata-mismatch', `${role} is delegated, but not for its own paths`);
    return list;
  };
  return { channel: loaded(roles.channel), holds: loaded(roles.holds) };
}
