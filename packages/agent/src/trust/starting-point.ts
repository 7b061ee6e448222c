/**
 * Where a refresh begins: the newest root that still verifies, of the good generation, the one before it and the
 * factory's. A damaged disk thus costs a longer walk of roots, never the device; the floors hold in each case.
 */
import { AgentError } from '../agent-error.ts';
import type { Floors } from './floors.ts';
import type { ListFiles } from './generations.ts';
import { readRoot, rootDigest } from './signed-lists.ts';

export interface StartingPoint {
  readonly files: ListFiles;
  readonly rootVersion: number;
}

/** @throws AgentError internal where not even the factory's root can be read */
export function startingPoint(known: readonly ListFiles[], factoryRoot: Buffer, floors: Floors): StartingPoint {
  const roots = [...known.map(files => files.get('root')), factoryRoot].flatMap(bytes => {
    const version = bytes && usableVersion(bytes, floors);
    return bytes && version !== undefined ? [{ bytes, version }] : [];
  });
  const best = roots.toSorted((a, b) => b.version - a.version)[0];
  if (!best) throw new AgentError('internal', 'no root can be read, not even the one from the factory');
  return { files: new Map(known[0]).set('root', best.bytes), rootVersion: best.version };
}

function usableVersion(bytes: Buffer, floors: Floors): number | undefined {
  try {
    const root = readRoot(bytes);
    const { version } = root.signed;
    return version === floors.root?.version && rootDigest(root) !== floors.root.sha256 ? undefined : version;
  } catch {
    return undefined;
  }
}
