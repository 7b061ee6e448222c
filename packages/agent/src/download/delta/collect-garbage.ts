/**
 * Gives memory outside V8's heap back now. V8 looks after tens of megabytes of new buffers only: on a small device the
 * buffers of blocks long written would hold more than the work itself (measured: 178 MB against 108).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So much may lie about: a collection costs milliseconds, the more so the larger the program. */
const KEPT_BYTES = 4 * 1024 ** 2;

/** @returns what to tell of buffers that are out of use */
export function garbageCollector(): (deadBytes: number) => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  let lying = 0;
  return deadBytes => {
    lying += deadBytes;
    if (lying < KEPT_BYTES || typeof collect !== 'function') return;
    lying = 0;
    collect();
  };
}
