/**
 * Sightings on their way into the database: one a device, written together about every second. While the database is
 * away they wait, and newer ones of the same device take their place; what waits is bounded in bytes. What is given up is
 * told, so that a later check-in of the device brings it again. Never makes a check-in wait.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Deps } from '../deps.ts';
import { BOOTS_REMEMBERED } from '../identity/boot-trail.ts';
import { within } from '../within.ts';
import { type Sighting, writeSightings } from './inventory-store.ts';

const FLUSH_MS = 1000;
const SIGHTINGS_PER_WRITE = 2000;
/** Of the JSON of what waits: about 100,000 devices. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** So many need not wait for the second to be over. */
const SOON_COUNT = 5 * SIGHTINGS_PER_WRITE;
/** How long a farewell may take, with a database that does not answer. */
const FAREWELL_MS = 5000;
const FAREWELL_AGAIN_MS = 200;

export interface Noted extends Sighting {
  /** About what it takes in memory. */
  readonly bytes: number;
}

export interface WriteBehind {
  readonly add: (sighting: Noted) => void;
  /** Writes what waits. Never throws: what could not be written waits on. */
  readonly flush: () => Promise<void>;
  /** Writes what waits, as far as the database lets it within a few seconds. */
  readonly close: () => Promise<void>;
}

/** @param lost is told of each device whose sighting was given up */
export function writeBehind(
  { db, log }: Pick<Deps, 'db' | 'log'>,
  lost: (deviceId: string) => void,
  maxBytes: number = WAITING_BYTES_MAX,
): WriteBehind {
  const waiting = new Map<string, Noted>();
  let [bytes, dropped] = [0, 0];
  let writing: Promise<void> | undefined;

  function add(sighting: Noted): void {
    hold(sighting);
    if (waiting.size >= SOON_COUNT) writing ??= begin();
  }

  function hold(sighting: Noted): void {
    const { id } = sighting.facts;
    const before = waiting.get(id);
    const after = before ? merged(before, sighting) : sighting;
    const growth = after.bytes - (before?.bytes ?? 0);
    if (growth > 0 && bytes + growth > maxBytes) {
      dropped += 1;
      return lost(id);
    }
    bytes += growth;
    waiting.set(id, after);
  }

  function take(): Noted[] {
    const taken = [...waiting.values()];
    waiting.clear();
    bytes = 0;
    return taken;
  }

  async function write(): Promise<void> {
    const taken = take();
    for (let from = 0; from < taken.length; from += SIGHTINGS_PER_WRITE) {
      try {
        await writeBatch(taken.slice(from, from + SIGHTINGS_PER_WRITE));
      } catch (error) {
        for (const sighting of taken.slice(from)) hold(sighting);
        log.warn({ err: error, waiting: waiting.size, dropped }, 'the inventory could not be written; tried again');
        dropped = 0;
        return;
      }
    }
  }

  /** What the database will never take must not keep the others out: halves, down to the one that it is. */
  async function writeBatch(batch: readonly Noted[]): Promise<void> {
    try {
      for (const deviceId of await writeSightings(db, batch)) {
        log.warn({ deviceId, alarm: 'clone' }, 'two machines seem to share the key of this device');
      }
    } catch (error) {
      if (!isFaultOfData(error)) throw error;
      const [first] = batch;
      if (batch.length === 1 && first) {
        log.error({ err: error, deviceId: first.facts.id }, 'what this device says of itself cannot be stored');
        return lost(first.facts.id);
      }
      const half = Math.ceil(batch.length / 2);
      await writeBatch(batch.slice(0, half));
      await writeBatch(batch.slice(half));
    }
  }

  function begin(): Promise<void> {
    return write().finally(() => {
      writing = undefined;
    });
  }

  async function flush(): Promise<void> {
    await writing;
    writing ??= begin();
    await writing;
  }

  const timer = setInterval(() => {
    if (waiting.size > 0) writing ??= begin();
  }, FLUSH_MS);

  return {
    add,
    flush,
    close: async () => {
      clearInterval(timer);
      const enough = new AbortController();
      try {
        await within(FAREWELL_MS, flushUntilEmpty(enough.signal));
      } catch {
        log.warn({ devices: waiting.size }, 'the end came before the inventory could be written');
      } finally {
        enough.abort();
      }
    },
  };

  async function flushUntilEmpty(enough: AbortSignal): Promise<void> {
    await flush();
    while (waiting.size > 0 && !enough.aborted) {
      await wait(FAREWELL_AGAIN_MS);
      await flush();
    }
  }
}

/** The later says how things are; what was heard in between counts too, since two machines may come within one second. */
function merged(one: Noted, other: Noted): Noted {
  const [before, after] = one.at <= other.at ? [one, other] : [other, one];
  const bootIds = [...before.bootIds, ...after.bootIds].filter((id, i, all) => id !== all[i - 1]);
  return { ...after, update: after.update ?? before.update, bootIds: bootIds.slice(-BOOTS_REMEMBERED) };
}

/** Classes of PostgreSQL: 22, a value that it cannot hold; 23, one that a constraint refuses. */
function isFaultOfData(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^2[23]/.test(error.code ?? '');
}
