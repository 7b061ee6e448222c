/** Durable files that break at a chosen write: for tests of what a crash leaves behind. */
import { type DurableFiles, durableFiles } from './durable-files.ts';

/** How the Nth write ends: refused by the disk, or the power goes just before or just after it. */
export const BREAKS = ['disk error', 'power cut before', 'power cut after'] as const;
export type Break = (typeof BREAKS)[number];

export interface BrokenFiles {
  readonly files: DurableFiles;
  /** Resolves when the power went. */
  readonly dead: Promise<'dead'>;
  readonly reached: () => boolean;
}

export function breakAt(n: number, kind: Break): BrokenFiles {
  const state = { writes: 0, isDead: false };
  const death = Promise.withResolvers<'dead'>();
  // Whatever still asks after the power went never gets an answer.
  const alive = async <T>(work: () => Promise<T>): Promise<T> => (state.isDead ? new Promise<T>(() => {}) : work());
  const die = () => {
    state.isDead = true;
    death.resolve('dead');
  };
  const counted = (work: () => Promise<void>) =>
    alive(async () => {
      state.writes += 1;
      if (state.writes !== n) return work();
      if (kind === 'disk error') throw Object.assign(new Error('the disk says no'), { code: 'EIO' });
      if (kind === 'power cut after') await work();
      die();
      return alive(work);
    });
  const files: DurableFiles = {
    read: path => alive(() => durableFiles.read(path)),
    readLink: path => alive(() => durableFiles.readLink(path)),
    list: path => alive(() => durableFiles.list(path)),
    write: (...given) => counted(() => durableFiles.write(...given)),
    overwrite: (...given) => counted(() => durableFiles.overwrite(...given)),
    remove: path => counted(() => durableFiles.remove(path)),
    rename: (from, to) => counted(() => durableFiles.rename(from, to)),
    pointLink: (path, target) => counted(() => durableFiles.pointLink(path, target)),
  };
  return { files, dead: death.promise, reached: () => state.writes >= n };
}
