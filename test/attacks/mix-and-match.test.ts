import { makeVictim } from '@tidegate/test';
import { test } from 'vitest';

test('a snapshot of another time than its timestamp says is refused', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  const older = repo.file(`${repo.versions['snapshot']}.snapshot.json`);
  victim.release();
  const name = `${repo.versions['snapshot']}.snapshot.json`;
  const honest = repo.file(name);
  repo.metadata.set(name, older);
  await victim.refuses('metadata-mismatch', () => victim.trust.refresh());
  repo.metadata.set(name, honest);
  await victim.recovers();
});

test.each(['targets', 'channel'] as const)(
  'a %s list of another time than its snapshot says is refused',
  async which => {
    await using victim = await makeVictim();
    await victim.trust.refresh();
    const { repo } = victim;
    const role = which === 'channel' ? repo.role : which;
    const older = repo.file(`${repo.versions[role]}.${role}.json`);
    repo.publish([role]);
    const name = `${repo.versions[role]}.${role}.json`;
    const honest = repo.file(name);
    repo.metadata.set(name, older);
    await victim.refuses('metadata-mismatch', () => victim.trust.refresh());
    repo.metadata.set(name, honest);
    await victim.recovers();
  },
);

test('the holds in the place of the channel list are refused, though signed', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  repo.publish([repo.role, `h-${repo.product}`]);
  const name = `${repo.versions[repo.role]}.${repo.role}.json`;
  const honest = repo.file(name);
  repo.metadata.set(name, repo.file(`${repo.versions[`h-${repo.product}`]}.h-${repo.product}.json`));
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  repo.metadata.set(name, honest);
  await victim.recovers();
});
