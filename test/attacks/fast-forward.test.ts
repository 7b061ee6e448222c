import { DAY_MS, makeKey, makeVictim, VICTIM_EPOCH_MS, type Victim } from '@tidegate/test';
import { expect, test } from 'vitest';

/** What the maker does after a theft: new online keys by a new root, versions from where they honestly were. */
function recoverKeys(victim: Victim, honest: Victim['repo']['versions']): void {
  const { repo } = victim;
  Object.assign(repo.versions, { snapshot: honest['snapshot'], timestamp: honest['timestamp'] });
  repo.rotate('timestamp', [makeKey()]);
  repo.rotate('snapshot', [makeKey()]);
  repo.publish();
}

test.each([2 ** 31, Number.MAX_SAFE_INTEGER - 3])(
  'after a thief raised versions to %d, new keys bring the device back',
  async version => {
    await using victim = await makeVictim();
    await victim.trust.refresh();
    const { repo } = victim;
    const honest = { ...repo.versions };
    Object.assign(repo.versions, { snapshot: version, timestamp: version });
    repo.publish();
    await victim.trust.refresh();
    Object.assign(repo.versions, { snapshot: honest['snapshot'], timestamp: honest['timestamp'] });
    repo.publish();
    await victim.refuses('metadata-rollback', () => victim.trust.refresh());
    recoverKeys(victim, honest);
    await victim.recovers();
  },
);

test('after a thief set the time ahead, a new timestamp key sets it right', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo, clock } = victim;
  const honest = { ...repo.versions };
  clock.nowMs += 400 * DAY_MS;
  repo.writeTimestamp();
  clock.nowMs = VICTIM_EPOCH_MS;
  await victim.trust.refresh();
  expect(victim.trust.trustedNow()).toBe(VICTIM_EPOCH_MS + 400 * DAY_MS);
  repo.publish();
  await expect(victim.trust.refresh()).rejects.toMatchObject({ code: 'metadata-expired' });
  recoverKeys(victim, honest);
  await victim.recovers();
  expect(victim.trust.trustedNow()).toBe(VICTIM_EPOCH_MS);
});

test('a time that no honest signer can mean is not believed', async () => {
  await using victim = await makeVictim();
  const { repo, clock } = victim;
  clock.nowMs += 800 * DAY_MS;
  repo.writeTimestamp();
  clock.nowMs = VICTIM_EPOCH_MS;
  await victim.trust.refresh();
  expect(victim.trust.trustedNow()).toBe(VICTIM_EPOCH_MS);
  repo.publish();
  await victim.recovers();
});
