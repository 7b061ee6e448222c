import { sign } from 'node:crypto';
import { forge, makeKey, makeVictim, ROLES, unforge } from '@tidegate/test';
import { test } from 'vitest';

const thief = makeKey();

test.each(ROLES)('a %s signed by another key, under its own id or a stolen one, is refused', async role => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  forge(victim.repo, role, (honest, payload) => {
    const sig = sign(null, payload, thief.privateKey).toString('hex');
    return [{ keyid: thief.keyid, sig }, ...honest.map(({ keyid }) => ({ keyid, sig }))];
  });
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  unforge(victim.repo, role);
  await victim.recovers();
});

test('a list signed by the keys of another role is refused', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  repo.bump(repo.role);
  repo.writeDelegated(repo.role, [...repo.keys.snapshot.keys, ...repo.keys.timestamp.keys]);
  repo.writeSnapshot();
  repo.writeTimestamp();
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  repo.publish([repo.role]);
  await victim.recovers();
});

test('a timestamp in the place of a snapshot is refused, though its signature is valid', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  repo.publish();
  repo.metadata.set(`${repo.versions['snapshot']}.snapshot.json`, repo.file('timestamp.json'));
  repo.writeTimestamp();
  await victim.refuses('metadata-malformed', () => victim.trust.refresh());
  repo.publish();
  await victim.recovers();
});
