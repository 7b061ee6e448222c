/** Whether the disk has room for the lists, and for another image like the largest one. */
import { LIMITS } from '@tidegate/protocol';
import { type Diagnosis, error, sound, warning } from './diagnosis.ts';

export interface DiskFacts {
  readonly dir: string;
  /** Undefined where the file system does not tell. */
  readonly freeBytes: number | undefined;
  readonly largestArtifactBytes: number;
}

/** A next list of each kind, beside each other. */
const LISTS_BYTES = LIMITS.rootBytes + LIMITS.targetsBytes + LIMITS.snapshotBytes + LIMITS.timestampBytes;

export function diskDiagnoses({ dir, freeBytes, largestArtifactBytes }: DiskFacts): readonly Diagnosis[] {
  if (freeBytes === undefined) return [sound('disk', `How much room ${dir} has is not told.`)];
  const wanted = LISTS_BYTES + largestArtifactBytes;
  if (freeBytes >= wanted) return [sound('disk', `${freeBytes} bytes are free.`)];
  const remedy = 'Make room: images that no list names are told here as artifact-orphaned.';
  if (freeBytes < LISTS_BYTES) {
    const message = `${dir} has ${freeBytes} bytes free; the next lists may need ${LISTS_BYTES}.`;
    return [error('disk', { code: 'disk-full', message, remedy })];
  }
  const message = `${dir} has ${freeBytes} bytes free; another image like the largest needs ${wanted}.`;
  return [warning('disk', { code: 'disk-low', message, remedy })];
}
