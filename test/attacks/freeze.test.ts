import { DAY_MS, makeVictim, VICTIM_EPOCH_MS } from '@tidegate/test';
import { expect, test } from 'vitest';

test('lists that are frozen are refused once the timestamp has expired', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  victim.clock.pass(2.9 * DAY_MS);
  await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: false });
  victim.clock.pass(0.2 * DAY_MS);
  await victim.refuses('metadata-expired', () => victim.trust.refresh());
  await victim.recovers();
});

test('with the clock at 1970, time that passes since the last evidence still ends the freeze', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  victim.clock.nowMs = 0;
  await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: false });
  victim.clock.pass(4 * DAY_MS);
  await victim.refuses('metadata-expired', () => victim.trust.refresh());
  victim.clock.nowMs = VICTIM_EPOCH_MS + 4 * DAY_MS;
  await victim.recovers();
});

test('with the clock at 1970 from the first start, lists that expired before the image was built are refused', async () => {
  await using victim = await makeVictim();
  await victim.restart({ builtAt: new Date(VICTIM_EPOCH_MS + 4 * DAY_MS).toISOString() });
  victim.clock.nowMs = 0;
  await victim.refuses('metadata-expired', () => victim.trust.refresh());
  victim.clock.nowMs = VICTIM_EPOCH_MS + 4 * DAY_MS;
  await victim.recovers();
});

test('the time floor outlives a restart with the clock at 1970', async () => {
  await using victim = await makeVictim();
  victim.clock.pass(30 * DAY_MS);
  victim.repo.publish();
  await victim.trust.refresh();
  victim.clock.nowMs = 0;
  await victim.restart();
  expect(victim.trust.trustedNow()).toBe(VICTIM_EPOCH_MS + 30 * DAY_MS);
});

test('with both online keys stolen, the freeze ends with the expiry of the channel role', async () => {
  await using victim = await makeVictim();
  const path = victim.release();
  await victim.trust.refresh();
  victim.clock.pass(61 * DAY_MS);
  victim.repo.writeSnapshot();
  victim.repo.writeTimestamp();
  await victim.refuses('metadata-expired', () => victim.update(path));
  await victim.recovers();
});

test('a clock that is years ahead does not make good lists look expired', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  victim.clock.nowMs = VICTIM_EPOCH_MS + 30 * 366 * DAY_MS;
  await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: false });
});
