import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices } from '../testing/seed.ts';
import { revokeDevice } from './device-store.ts';
import { openRevocations, REFRESH_MS, type Revocations } from './revocations.ts';

let base: FreshDatabase;
let revocations: Revocations;
beforeEach(async () => {
  base = await freshDatabase();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await revocations.close();
  await base.drop();
});

it('knows what another process has revoked after one refresh, of which there are two a second', async () => {
  const [deviceId = ''] = await seedDevices(base.db, 1, systemClock.now());
  revocations = await openRevocations({ db: base.db, clock: systemClock, log: pino({ level: 'silent' }) });
  await revokeDevice(base.db, deviceId, systemClock.now());
  expect(revocations.has(deviceId)).toBe(false);
  vi.advanceTimersByTime(REFRESH_MS);
  // The timers stand still from here on: no second refresh helps.
  await expect.poll(() => revocations.has(deviceId), { timeout: 30_000 }).toBe(true);
  expect(2 * REFRESH_MS).toBeLessThan(1000);
});
