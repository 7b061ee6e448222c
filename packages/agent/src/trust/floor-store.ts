/**
 * Keeps the floors, apart from the lists that they guard: two checksummed copies, one of which always counts.
 * Where both are lost, it begins again from what the factory and the running good slots say, and raises an alarm.
 */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { DurableFiles } from '../durable/durable-files.ts';
import { createStateFile } from '../durable/state-file.ts';
import type { Log } from '../log.ts';
import { Floors, raiseCounters } from './floors.ts';

export interface FloorStore {
  floors(): Floors;
  /** Durable before it counts. */
  save(next: Floors): Promise<void>;
  /** How long this process has known the time floor. Milliseconds. */
  sinceTimeFloorMs(): number;
  /** Both copies were unreadable, or gone although the device had lists. */
  readonly lost: boolean;
}

export interface FloorStoreOptions {
  readonly trustDir: string;
  readonly files: DurableFiles;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Log;
  /** When the image was built: the first signed evidence of time. */
  readonly builtAtMs: number;
  /** Counters below which the image's own floor does not go, and those of the running good slots. */
  readonly knownCounters: readonly Readonly<Record<string, number>>[];
  /** The device has fetched lists before, so it had floors. */
  readonly hadLists: boolean;
}

export async function openFloorStore(options: FloorStoreOptions): Promise<FloorStore> {
  const { clock, log } = options;
  const path = join(options.trustDir, 'floors.json');
  const file = createStateFile({ files: options.files, path, format: 1, schema: Floors, copies: 2 });
  const loaded = await file.load();
  const lost = loaded.kind === 'corrupt' || (loaded.kind === 'absent' && options.hadLists);
  const stored: Floors = loaded.kind === 'value' ? loaded.value : { lists: {}, counters: {}, timeMs: 0 };
  let floors = options.knownCounters.reduce<Floors>(raiseCounters, {
    ...stored,
    timeMs: Math.max(stored.timeMs, options.builtAtMs),
  });
  let learnedAtMs = clock.monotonicMs();

  const write = async (next: Floors) => {
    await file.save(next);
    if (next.timeMs !== floors.timeMs) learnedAtMs = clock.monotonicMs();
    floors = next;
  };

  if (lost)
    log.error(
      { alarm: 'floors-lost', path },
      'both copies of the floors are lost; beginning again from slots and factory',
    );
  if (loaded.kind === 'value' && loaded.damaged)
    log.warn({ path }, 'one copy of the floors was damaged; writing both again');
  if (loaded.kind !== 'value' || loaded.damaged || !isSame(floors, stored)) await write(floors);

  return {
    floors: () => floors,
    save: async next => {
      if (!isSame(next, floors)) await write(next);
    },
    sinceTimeFloorMs: () => clock.monotonicMs() - learnedAtMs,
    lost,
  };
}

/** A write that changes nothing is spared: a run for a timer begins with this, and flash wears. */
function isSame(a: Floors, b: Floors): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
