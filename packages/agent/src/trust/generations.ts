/**
 * Signed lists that belong together lie in one folder, a generation; a link names the good one. A refresh makes a new
 * folder and moves the link in one step, so that a power cut leaves the old generation or the new one, never a mixture.
 */
import { join } from 'node:path';
import type { DurableFiles } from '../durable/durable-files.ts';

/** Bytes of `<role>.json`, by role. */
export type ListFiles = ReadonlyMap<string, Buffer>;

export interface Generations {
  /** What lies on disk, the good generation first, then older ones. Nothing of it is verified. */
  load(): Promise<readonly ListFiles[]>;
  /** Makes these files the good generation, and keeps the one before it. */
  commit(files: ListFiles): Promise<void>;
  /** A folder beside them for a refresh to work in. */
  readonly workFolder: string;
}

const LINK = 'current';
const NAME = /^gen-(\d{1,15})$/;

/** @param roles the lists that a generation holds */
export function openGenerations(files: DurableFiles, folder: string, roles: readonly string[]): Generations {
  const names = async (): Promise<string[]> => {
    const current = await files.readLink(join(folder, LINK));
    const all = (await files.list(folder))
      .filter(name => NAME.test(name))
      .toSorted((a, b) => numberOf(b) - numberOf(a));
    return current !== undefined && all.includes(current) ? [current, ...all.filter(n => n !== current)] : all;
  };

  const read = async (name: string): Promise<ListFiles> => {
    const found = new Map<string, Buffer>();
    for (const role of roles) {
      const bytes = await files.read(join(folder, name, `${role}.json`));
      if (bytes) found.set(role, bytes);
    }
    return found;
  };

  return {
    workFolder: join(folder, 'work'),

    load: async () => Promise.all((await names()).map(read)),

    async commit(lists) {
      const [good, ...others] = await names();
      const next = `gen-${Math.max(0, ...[good, ...others].map(n => (n === undefined ? 0 : numberOf(n)))) + 1}`;
      const part = join(folder, 'part');
      await files.remove(part);
      for (const [role, bytes] of lists) await files.write(join(part, `${role}.json`), bytes);
      await files.rename(part, join(folder, next));
      await files.pointLink(join(folder, LINK), next);
      for (const name of others) await files.remove(join(folder, name));
    },
  };
}

function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

export function sameFiles(a: ListFiles | undefined, b: ListFiles): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([role, bytes]) => a.get(role)?.equals(bytes));
}
