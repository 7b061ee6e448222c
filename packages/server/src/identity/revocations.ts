/**
 * Devices that were revoked while a token of theirs may still be valid. Read so often that a revocation takes effect in
 * every process within a second. Owns a timer; `close` ends it.
 */
import type { Deps } from '../deps.ts';
import { ACCESS_TOKEN_SECONDS } from './access-token.ts';
import { devicesRevokedSince } from './device-store.ts';

/** With the time that a reading takes, less than a second. */
export const REFRESH_MS = 400;

export interface Revocations {
  has(deviceId: string): boolean;
  refresh(): Promise<void>;
  close(): Promise<void>;
}

export async function openRevocations({ db, clock, log }: Deps): Promise<Revocations> {
  let revoked = new Set<string>();
  let refreshing: Promise<void> = Promise.resolve();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function refresh(): Promise<void> {
    const since = new Date(clock.now().getTime() - 2 * ACCESS_TOKEN_SECONDS * 1000);
    revoked = new Set(await devicesRevokedSince(db, since));
  }
  function again(): void {
    timer = setTimeout(() => {
      refreshing = refresh()
        .catch((error: unknown) => log.warn({ err: error }, 'the list of revoked devices could not be read again'))
        .finally(() => {
          if (!closed) again();
        });
    }, REFRESH_MS);
  }

  await refresh();
  again();
  return {
    has: deviceId => revoked.has(deviceId),
    refresh,
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await refreshing;
    },
  };
}
