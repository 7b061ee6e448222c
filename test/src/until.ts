/** Waits for something that another process does, by looking again and again, for a bounded time. */
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

/**
 * Resolves with the first value that is not undefined.
 * @throws Error that names what was waited for, with the last error seen, after `withinMs`
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  withinMs = 60_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  const seen: { error: unknown } = { error: undefined };
  while (performance.now() < end) {
    try {
      const value = await look();
      if (value !== undefined) return value;
    } catch (error) {
      seen.error = error;
    }
    await wait(LOOK_EVERY_MS);
  }
  throw new Error(`waited ${withinMs / 1000} s for ${what}, in vain`, { cause: seen.error });
}
