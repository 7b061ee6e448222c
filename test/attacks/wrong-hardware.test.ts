import { makeVictim } from '@tidegate/test';
import { test } from 'vitest';

test('an image for other hardware is refused, though signed for this product and channel', async () => {
  await using victim = await makeVictim();
  const path = victim.release({ hardware: ['gw2-b'] });
  await victim.trust.refresh();
  await victim.refuses('wrong-hardware', () => victim.update(path));
  await victim.recovers();
});
