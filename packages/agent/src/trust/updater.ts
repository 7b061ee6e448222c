/**
 * The TUF client workflow (5.3 to 5.6) by tuf-js, in a folder of its own. The only file that reaches into tuf-js: it
 * hands in trusted time, sees the verified lists, and keeps the faults that tuf-js turns into text. Each reach is
 * guarded by a test, and the version is pinned.
 */
import { LIMITS } from '@tidegate/protocol';
import { Updater } from 'tuf-js';
import type { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { AgentError } from '../agent-error.ts';
import { trustError } from './error-code.ts';
import { createMetadataFetcher, type MetadataSource } from './metadata-fetcher.ts';

export interface UpdaterOptions extends MetadataSource {
  /** Holds `root.json`, and the other lists where they are known; is written to without care. */
  readonly folder: string;
  /** Where `timestamp.json` lies. */
  readonly metadataUrl: string;
  readonly trustedNowMs: number;
}

export interface OpenUpdater {
  readonly updater: Updater;
  /** What was verified so far. */
  readonly lists: TrustedMetadataStore;
  /** Whatever the updater threw, as an AgentError with the code of what lies behind it. */
  faultOf(error: unknown): AgentError;
}

/** tuf-js declares these private; they are plain fields. */
interface Reach {
  readonly trustedSet: TrustedMetadataStore;
}

/** @throws whatever is wrong with the folder's root */
export function openUpdater(options: UpdaterOptions): OpenUpdater {
  const seen: { fault: unknown } = { fault: undefined };
  const onFault = (fault: unknown) => {
    seen.fault = fault;
  };
  const updater = new Updater({
    metadataDir: options.folder,
    metadataBaseUrl: options.metadataUrl,
    // Never the cache alone: it would skip the walk of roots, and with it revocations.
    forceCache: false,
    fetcher: createMetadataFetcher(options, onFault),
    config: {
      maxRootRotations: LIMITS.rootRotationsPerRefresh,
      rootMaxLength: LIMITS.rootBytes,
      timestampMaxLength: LIMITS.timestampBytes,
      snapshotMaxLength: LIMITS.snapshotBytes,
      targetsMaxLength: LIMITS.targetsBytes,
    },
  });
  const { trustedSet: lists } = updater as unknown as Reach;
  (lists as unknown as { referenceTime: Date }).referenceTime = new Date(options.trustedNowMs);
  keepFaults(lists, onFault);
  return {
    updater,
    lists,
    faultOf: error => trustError(isWrapper(error) ? (seen.fault ?? error) : error),
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
