import { forge, makeVictim, ROLES, unforge } from '@tidegate/test';
import { test } from 'vitest';

test.each(ROLES)('an unsigned %s is refused', async role => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  forge(victim.repo, role, () => []);
  await victim.refuses('metadata-signature', () => victim.trust.refresh());
  unforge(victim.repo, role);
  await victim.recovers();
});
