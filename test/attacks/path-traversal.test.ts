import { makeKey, makeVictim } from '@tidegate/test';
import { test } from 'vitest';

const PATHS = [
  '../../../../etc/passwd',
  'gw2/stable/app/../app.bin',
  'gw2/stable/app/1.0.0/..',
  'gw2/stable/app/1.0.0/a/b',
  '/gw2/stable/app/1.0.0',
  'gw2/stable/app/1.0.0/%2e%2e',
  'gw2/stable/app/1.0.0/a\0b',
  'toString',
  '__proto__',
  '',
];

test('an offer of a path that leads elsewhere is refused', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  for (const path of PATHS) await victim.refuses('target-not-signed', () => victim.update(path));
  await victim.recovers();
});

test('a delegation to a role whose name leads elsewhere is refused', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const { repo } = victim;
  for (const name of ['../../evil', 'a/b', '7', 'Root', 'a?b#c']) {
    repo.delegated[name] = { keys: [makeKey()], threshold: 1, paths: ['gw9/x/*/*/*'], terminating: true };
    repo.versions[name] = 1;
    repo.publish(['targets']);
    await victim.refuses('metadata-malformed', () => victim.trust.refresh());
    delete repo.delegated[name];
  }
  repo.publish(['targets']);
  await victim.recovers();
});
