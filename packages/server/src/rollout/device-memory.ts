/**
 * What this process remembers of devices, so that most check-ins need no database: their attempts, tags, and what was last
 * written of their inventory. Bounded; forgetting costs one query. Sightings are written behind, in batches.
 */
import { getHeapStatistics } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { Deps } from '../deps.ts';
import { recentMap } from '../recent-map.ts';
import type { KnownAttempt } from './decide.ts';
import type { Sighting } from './inventory-store.ts';
import { type KnownDevice, knownDevice } from './offer-store.ts';
import { writeBehind } from './write-behind.ts';

/** About what a device takes (`npm run bench -- memory-million`). All of them together take half of the heap at most. */
const DEVICE_BYTES = 800;
/** A device that says nothing new is written at most so often. */
export const REWRITE_SECONDS = 300;
/** Of a sighting, beside its JSON. */
const SIGHTING_BYTES = 200;

interface Remembered {
  known: KnownDevice | undefined;
  /** `BoardView.deviceGeneration` when it was read. */
  generation: number;
  writtenAt: number;
  digest: number;
}

export interface DeviceMemory {
  /**
   * The device's attempts, tags and group; undefined where they are not known, or not yet the attempt that it works on, or
   * where an operator had attempts retried or devices tagged since.
   */
  readonly remembered: (deviceId: string, workingOn: string | undefined, generation: number) => KnownDevice | undefined;
  /** The same, with one query where they are not remembered. */
  readonly known: (deviceId: string, workingOn: string | undefined, generation: number) => Promise<KnownDevice>;
  readonly learn: (deviceId: string, rolloutId: string, attempt: KnownAttempt) => void;
  /** Its attempts have changed in the database: the next check-in reads them again. */
  readonly forgetAttempts: (deviceId: string) => void;
  /** Notes a sighting; it reaches the database within about a second, where its text is new. */
  readonly note: (sighting: Omit<Sighting, 'bootIds'> & { readonly bootId: string; readonly text: string }) => void;
  readonly flush: () => Promise<void>;
  /** Writes what is still held back. */
  readonly close: () => Promise<void>;
}

export function openDeviceMemory(deps: Deps): DeviceMemory {
  const remembered = recentMap<Remembered>(getHeapStatistics().heap_size_limit / 2 / DEVICE_BYTES);
  // What was lost is to be written with the next check-in, whatever it says.
  const behind = writeBehind(deps, deviceId => {
    const entry = remembered.get(deviceId);
    if (entry) entry.writtenAt = 0;
  });

  function recall(deviceId: string): Remembered {
    const found = remembered.get(deviceId);
    if (found) return found;
    const entry = { known: undefined, generation: 0, writtenAt: 0, digest: 0 };
    remembered.set(deviceId, entry);
    return entry;
  }

  const remember: DeviceMemory['remembered'] = (deviceId, workingOn, generation) => {
    const entry = remembered.get(deviceId);
    const known = entry && entry.generation >= generation ? entry.known : undefined;
    return known && (workingOn === undefined || known.attempts.has(workingOn)) ? known : undefined;
  };

  return {
    remembered: remember,
    known: async (deviceId, workingOn, generation) => {
      const known = remember(deviceId, workingOn, generation);
      if (known) return known;
      const entry = recall(deviceId);
      const read = await knownDevice(deps.db, deviceId);
      entry.known = read;
      entry.generation = generation;
      return read;
    },
    learn: (deviceId, rolloutId, attempt) => {
      const entry = remembered.get(deviceId);
      if (!entry?.known) return;
      // Most devices have no attempt, and share one map that says so: it is never written to.
      entry.known = { ...entry.known, attempts: new Map([...entry.known.attempts, [rolloutId, attempt]]) };
    },
    forgetAttempts: deviceId => {
      const entry = remembered.get(deviceId);
      if (entry) entry.known = undefined;
    },
    note: ({ facts, at, update, bootId, text }) => {
      const entry = recall(facts.id);
      // That a change goes unnoticed for five minutes is as likely as four billion to one.
      const digest = crc32(text);
      const seenAt = at.getTime();
      const stale = Math.abs(seenAt - entry.writtenAt) >= REWRITE_SECONDS * 1000;
      if (!stale && digest === entry.digest && update === undefined) return;
      entry.writtenAt = seenAt;
      entry.digest = digest;
      behind.add({ facts, at, update, bootIds: [bootId], bytes: text.length + SIGHTING_BYTES });
    },
    flush: behind.flush,
    close: behind.close,
  };
}
