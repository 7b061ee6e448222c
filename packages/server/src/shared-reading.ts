/**
 * Something dear to read, for any number of askers: those who ask at once share one reading, and what was read is kept
 * for a while. There are never two readings at a time, also where one hangs: whoever asks meanwhile joins it.
 */
import type { Clock } from './clock.ts';

export interface KeepOptions {
  readonly clock: Clock;
  /** How long a value is kept, by how long it took to read. */
  readonly keepMs: (tookMs: number) => number;
}

/** A failure is told to all who wait for it, and not kept: the next asker tries again. */
export function sharedReading<T>(read: () => Promise<T>, { clock, keepMs }: KeepOptions): () => Promise<T> {
  let kept: { readonly value: T; readonly readAt: number; readonly forMs: number } | undefined;
  let reading: Promise<T> | undefined;

  async function readAnew(): Promise<T> {
    const begunAt = clock.now().getTime();
    const value = await read();
    const readAt = clock.now().getTime();
    kept = { value, readAt, forMs: keepMs(Math.max(0, readAt - begunAt)) };
    return value;
  }

  return () => {
    const age = kept && clock.now().getTime() - kept.readAt;
    // A clock that was set back must not keep an old value for ever.
    if (kept && age !== undefined && age >= 0 && age < kept.forMs) return Promise.resolve(kept.value);
    reading ??= readAnew().finally(() => {
      reading = undefined;
    });
    return reading;
  };
}
