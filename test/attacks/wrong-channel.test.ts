import { makeKey, makeVictim, type Victim } from '@tidegate/test';
import { test } from 'vitest';

/** The same makers' other product, or other channel, in the same repository, signed as it must be. */
function addNeighbour(victim: Victim, product: string, channel: string): string {
  const { repo } = victim;
  const role = `p-${product}-${channel}`;
  repo.delegated[role] = { keys: [makeKey()], threshold: 1, paths: [`${product}/${channel}/*/*/*`], terminating: true };
  repo.versions[role] = 1;
  const path = `${product}/${channel}/app/9.0.0/app.bin`;
  repo.addTarget(role, path, Buffer.from('a neighbour'), {
    schema: 1,
    component: 'app',
    version: '9.0.0',
    counter: 90,
    hardware: ['gw2-a'],
    kind: 'full',
    format: 'file',
    class: 'feature',
    disruption: 'none',
    releasedAt: '2031-05-01T00:00:00Z',
  });
  repo.publish(['targets']);
  return path;
}

test.each([
  ['product', 'gw3', 'stable'],
  ['channel', 'gw2', 'beta'],
])('a release of another %s is refused, though signed', async (_, product, channel) => {
  await using victim = await makeVictim();
  const path = addNeighbour(victim, product, channel);
  await victim.trust.refresh();
  await victim.refuses('wrong-channel', () => victim.update(path));
  await victim.refuses('wrong-channel', () => victim.update(path, { product, channel }));
  await victim.recovers();
});

test('a neighbour that signs paths of ours is not heard', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  addNeighbour(victim, 'gw3', 'stable');
  const path = 'gw2/stable/app/9.0.0/app.bin';
  victim.repo.addTarget('p-gw3-stable', path, Buffer.from('a neighbour'));
  victim.repo.publish(['p-gw3-stable']);
  await victim.trust.refresh();
  await victim.refuses('target-not-signed', () => victim.update(path));
  await victim.recovers();
});

test('a neighbour whose list is broken does not keep us from updating', async () => {
  await using victim = await makeVictim();
  addNeighbour(victim, 'gw3', 'stable');
  victim.server.twist('p-gw3-stable.json', { kind: 'status', status: 404 });
  await victim.update(victim.release());
});
