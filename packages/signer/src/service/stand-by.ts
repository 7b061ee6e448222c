/** The turns of a process: it stands by until the lock is free, works until it is lost, and stands by again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { SignerError } from '../signer-error.ts';
import { errorCode } from '../store/durable-file.ts';
import type { Active } from './active.ts';
import type { ActiveLock, Held } from './lock/active-lock.ts';

/** How often a process that stands by looks whether the lock is free. */
const STANDBY_MS = 2000;

export interface Standing {
  readonly lock: ActiveLock;
  readonly log: Logger;
  readonly end: AbortSignal;
  readonly activate: () => Promise<Active>;
  readonly changed: (active: Active | undefined) => void;
}

/** Takes the lock when it is free, works until it is lost, and stands by again. */
export async function standBy({ lock, log, end, activate, changed }: Standing): Promise<void> {
  let told = '';
  const tell = (reason: string) => {
    if (reason !== told) log.warn({ reason }, 'this process stands by');
    told = reason;
  };
  while (!end.aborted) {
    let held: Held | undefined;
    try {
      held = await lock.take();
      if (held) {
        const active = await activate();
        log.info('this process is the active one');
        told = '';
        changed(active);
        await untilEither(held.lost, active.lost, end);
        changed(undefined);
        await active.close();
      } else {
        tell('another process is active');
      }
    } catch (error) {
      // Addresses of stores hold passwords: only codes and our own words are told.
      tell(error instanceof SignerError ? error.message : (errorCode(error) ?? (error as Error).message));
    }
    await held?.release();
    await pause(STANDBY_MS, undefined, { signal: end }).catch(() => undefined);
  }
}

function untilEither(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise(resolve => {
    const any = AbortSignal.any([...signals]);
    if (any.aborted) resolve();
    any.addEventListener('abort', () => resolve(), { once: true });
  });
}
