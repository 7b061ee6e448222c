import { freeze, makeVictim, type Victim } from '@tidegate/test';
import { test } from 'vitest';

/** A device that has seen two versions of every list. */
async function seasoned(): Promise<Victim> {
  const victim = await makeVictim();
  await victim.update(victim.release());
  victim.repo.publish(['targets', victim.repo.role]);
  await victim.trust.refresh();
  return victim;
}

test('the repository of yesterday, replayed as a whole, is refused', async () => {
  await using victim = await makeVictim();
  const yesterday = freeze(victim.repo);
  await victim.update(victim.release());
  victim.server.serve(yesterday);
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  await victim.recovers();
});

test('an older snapshot under a newer timestamp is refused', async () => {
  await using victim = await seasoned();
  const { repo } = victim;
  const honest = repo.versions['snapshot'] ?? 0;
  repo.versions['snapshot'] = honest - 1;
  repo.writeTimestamp();
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  repo.versions['snapshot'] = honest;
  await victim.recovers();
});

test.each(['targets', 'channel'] as const)('an older %s list under a newer snapshot is refused', async which => {
  await using victim = await seasoned();
  const { repo } = victim;
  const role = which === 'channel' ? repo.role : which;
  const honest = repo.versions[role] ?? 0;
  repo.versions[role] = honest - 1;
  repo.writeSnapshot();
  repo.writeTimestamp();
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  repo.versions[role] = honest;
  await victim.recovers();
});

test.each(['channel', 'holds'] as const)('a snapshot that hides the %s role is refused', async which => {
  await using victim = await seasoned();
  const { repo } = victim;
  const role = which === 'channel' ? repo.role : `h-${repo.product}`;
  const { [role]: hidden } = repo.delegated;
  if (!hidden) throw new Error(`the repository has ${role}`);
  delete repo.delegated[role];
  repo.writeSnapshot();
  repo.writeTimestamp();
  repo.delegated[role] = hidden;
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  await victim.recovers();
});

test('an old root in the place of the next one is refused', async () => {
  await using victim = await seasoned();
  const { repo } = victim;
  repo.metadata.set('2.root.json', repo.root(1));
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  repo.metadata.delete('2.root.json');
  await victim.recovers();
});
