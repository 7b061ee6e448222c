/**
 * What this process remembers of devices, so that most check-ins need no database: their attempts, tags, and what was last
 * written of their inventory. Bounded; forgetting costs one query. Sightings are written behind, in batches.
 */
import { hash } from 'node:crypto';
import type { Deps } from '../deps.ts';
import { BOOTS_REMEMBERED } from '../identity/boot-trail.ts';
import { recentMap } from '../recent-map.ts';
import type { KnownAttempt } from './decide.ts';
import type { SaidFacts } from './device-facts.ts';
import { type Sighting, touchAttempts, writeBoots, writeInventory } from './inventory-store.ts';
import { type KnownDevice, knownDevice } from './offer-store.ts';

const DEVICES_REMEMBERED = 100_000;
/** A device that says nothing new is written at most so often. */
export const REWRITE_SECONDS = 300;
const FLUSH_MS = 1000;
const SIGHTINGS_PER_STATEMENT = 2000;

interface Remembered {
  known: KnownDevice | undefined;
  /** `BoardView.deviceGeneration` when it was read. */
  generation: number;
  writtenAt: number;
  digest: string;
}

export interface DeviceMemory {
  /**
   * The device's attempts, tags and group; one query where they are not known, or not yet the attempt that it works on, or
   * where an operator had attempts retried or devices tagged since.
   */
  readonly known: (deviceId: string, workingOn: string | undefined, generation: number) => Promise<KnownDevice>;
  readonly learn: (deviceId: string, rolloutId: string, attempt: KnownAttempt) => void;
  /** Its attempts have changed in the database: the next check-in reads them again. */
  readonly forgetAttempts: (deviceId: string) => void;
  /** Notes a sighting; it reaches the database within about a second, where it says anything new. */
  readonly note: (sighting: Omit<Sighting, 'bootIds'> & { readonly bootId: string }) => void;
  readonly flush: () => Promise<void>;
  /** Writes what is still held back. */
  readonly close: () => Promise<void>;
}

export function openDeviceMemory({ db, log }: Deps): DeviceMemory {
  const remembered = recentMap<Remembered>(DEVICES_REMEMBERED);
  let pending = new Map<string, Sighting>();
  let flushing: Promise<void> = Promise.resolve();

  function recall(deviceId: string): Remembered {
    const found = remembered.get(deviceId);
    if (found) return found;
    const entry = { known: undefined, generation: 0, writtenAt: 0, digest: '' };
    remembered.set(deviceId, entry);
    return entry;
  }

  async function write(): Promise<void> {
    const sightings = [...pending.values()];
    pending = new Map();
    for (let from = 0; from < sightings.length; from += SIGHTINGS_PER_STATEMENT) {
      const batch = sightings.slice(from, from + SIGHTINGS_PER_STATEMENT);
      try {
        for (const deviceId of await writeBoots(db, batch)) {
          log.warn({ deviceId, alarm: 'clone' }, 'two machines seem to share the key of this device');
        }
        await writeInventory(db, batch);
        await touchAttempts(db, batch);
      } catch (error) {
        log.warn({ err: error, devices: batch.length }, 'the inventory could not be written; later check-ins bring it');
        for (const { facts } of batch) remembered.delete(facts.id);
      }
    }
  }

  function flush(): Promise<void> {
    flushing = flushing.then(write);
    return flushing;
  }

  const timer = setInterval(() => void (pending.size > 0 && flush()), FLUSH_MS);

  return {
    known: async (deviceId, workingOn, generation) => {
      const entry = recall(deviceId);
      const known = entry.generation >= generation ? entry.known : undefined;
      if (known && (workingOn === undefined || known.attempts.has(workingOn))) return known;
      const read = await knownDevice(db, deviceId);
      entry.known = read;
      entry.generation = generation;
      return read;
    },
    learn: (deviceId, rolloutId, attempt) => {
      remembered.get(deviceId)?.known?.attempts.set(rolloutId, attempt);
    },
    forgetAttempts: deviceId => {
      const entry = remembered.get(deviceId);
      if (entry) entry.known = undefined;
    },
    note: ({ facts, at, update, bootId }) => {
      const entry = recall(facts.id);
      const digest = digestOf(facts, bootId);
      const seenAt = at.getTime();
      const stale = Math.abs(seenAt - entry.writtenAt) >= REWRITE_SECONDS * 1000;
      if (!stale && digest === entry.digest && update === undefined) return;
      entry.writtenAt = seenAt;
      entry.digest = digest;
      // What was heard in between counts too: two machines may come within one second.
      const earlier = pending.get(facts.id)?.bootIds ?? [];
      const bootIds = earlier.at(-1) === bootId ? earlier : [...earlier, bootId].slice(-BOOTS_REMEMBERED);
      pending.set(facts.id, { facts, at, update, bootIds });
    },
    flush,
    close: async () => {
      clearInterval(timer);
      await flush();
    },
  };
}

function digestOf({ hardware, channel, components, attributes, canary }: SaidFacts, bootId: string): string {
  return hash('sha256', JSON.stringify([bootId, hardware, channel, components, attributes, canary]), 'base64url');
}
