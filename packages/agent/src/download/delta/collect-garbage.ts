/**
 * Gives memory outside V8's heap back now. V8 looks after tens of megabytes of new buffers only: on a small device the
 * buffers of blocks long written would hold more than the work itself (measured: 178 MB against 108).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** @returns what to call once a large buffer is out of use; costs some milliseconds */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}
