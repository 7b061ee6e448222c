/**
 * The TUF client workflow (5.3 to 5.6) by tuf-js, in a folder of its own. The only file that reaches into tuf-js: it
 * hands in trusted time, sees the verified lists, and keeps the faults that tuf-js turns into text. Each reach is
 * guarded by a test, and the version is pinned.
 */
import { holdPath, LIMITS } from '@tidegate/protocol';
import { Updater } from 'tuf-js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import { AgentError } from '../agent-error.ts';
import { trustError } from './error-code.ts';
import { lintDelegations, lintRoot } from './lint.ts';
import { createMetadataFetcher, type MetadataSource } from './metadata-fetcher.ts';
import { delegatedKeys, type OwnRoles, ownRoles, type SignedLists } from './signed-lists.ts';

export interface TufClientOptions extends MetadataSource {
  /** Holds `root.json`, and the other lists where they are known; is written to without care. */
  readonly folder: string;
  /** Where `timestamp.json` lies. */
  readonly metadataUrl: string;
  readonly trustedNowMs: number;
  readonly product: string;
  readonly channel: string;
}

export interface TufClient {
  /** Fetches and verifies everything that this device needs. @throws AgentError */
  refresh(): Promise<SignedLists>;
  /** The newest root that was verified, also after a failed refresh. */
  root(): SignedLists['root'];
}

/** tuf-js declares these private; they are plain fields. */
interface Reach {
  readonly trustedSet: TrustedMetadataStore;
}

export function openTufClient(options: TufClientOptions): TufClient {
  let fault: unknown;
  const updater = new Updater({
    metadataDir: options.folder,
    metadataBaseUrl: options.metadataUrl,
    // Never the cache alone: it would skip the walk of roots, and with it revocations.
    forceCache: false,
    fetcher: createMetadataFetcher(options, seen => (fault = seen)),
    config: {
      maxRootRotations: LIMITS.rootRotationsPerRefresh,
      rootMaxLength: LIMITS.rootBytes,
      timestampMaxLength: LIMITS.timestampBytes,
      snapshotMaxLength: LIMITS.snapshotBytes,
      targetsMaxLength: LIMITS.targetsBytes,
    },
  });
  const { trustedSet } = updater as unknown as Reach;
  (trustedSet as unknown as { referenceTime: Date }).referenceTime = new Date(options.trustedNowMs);
  keepFaults(trustedSet, seen => (fault = seen));
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
        throw trustError(isWrapper(error) ? (fault ?? error) : error);
      }
    },
  };
}

function keepFaults(store: TrustedMetadataStore, onFault: (fault: unknown) => void): void {
  const keeping =
    <A extends unknown[], R>(update: (...args: A) => R) =>
    (...args: A): R => {
      try {
        return update(...args);
      } catch (fault) {
        onFault(fault);
        throw fault;
      }
    };
  store.updateSnapshot = keeping(store.updateSnapshot.bind(store));
  store.updateDelegatedTargets = keeping(store.updateDelegatedTargets.bind(store));
}

/** tuf-js writes "Unable to load …" around what went wrong with the snapshot or a targets role. */
function isWrapper(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unable to load ');
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
