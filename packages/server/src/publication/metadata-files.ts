/**
 * The files that a verification may read: what was submitted, and what is published already. A published name never
 * changes its bytes. Keeps note of what was read, since only that becomes part of the set.
 */
import { ServerError } from '../server-error.ts';
import { invalid } from './read-metadata.ts';

export interface MetadataFiles {
  has(file: string): boolean;
  /** Throws ServerError: publication-incomplete where it is nowhere, metadata-invalid where a published one differs. */
  read(file: string): Buffer;
  /** The submitted files that were read and are not published yet, by name. */
  fresh(): Map<string, Buffer>;
}

export function metadataFiles(
  published: ReadonlyMap<string, Buffer>,
  submitted: ReadonlyMap<string, Buffer>,
): MetadataFiles {
  const read = new Set<string>();
  return {
    has: file => submitted.has(file) || published.has(file),
    read: file => {
      const [before, now] = [published.get(file), submitted.get(file)];
      if (before && now && !before.equals(now)) throw invalid(file, 'is published already with other bytes');
      const bytes = now ?? before;
      if (!bytes) throw new ServerError('publication-incomplete', `${file}: is neither submitted nor published`);
      read.add(file);
      return bytes;
    },
    fresh: () => new Map([...submitted].filter(([file]) => read.has(file) && !published.has(file))),
  };
}
