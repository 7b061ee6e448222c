import { makeKey, makeVictim } from '@tidegate/test';
import { expect, test } from 'vitest';

const installed = (counter: number) => ({ installed: { app: { version: 'x', counter } } });

test('a validly signed release with a lower counter is refused, under newer lists too', async () => {
  await using victim = await makeVictim();
  await victim.update(victim.release({ version: '2.0.0', counter: 20 }));
  await victim.trust.raiseFloors({ app: 20 });
  const old = victim.release({ version: '2.0.1', counter: 19 });
  await victim.trust.refresh();
  await victim.refuses('counter-rollback', () => victim.update(old, installed(20)));
  await victim.refuses('counter-rollback', () => victim.update(old, installed(5)));
  await expect(victim.update(victim.release({ version: '2.0.2', counter: 21 }), installed(20))).resolves.toBeDefined();
});

test('the release that runs already is refused', async () => {
  await using victim = await makeVictim();
  const path = victim.release({ version: '2.0.0', counter: 20 });
  await victim.trust.refresh();
  await victim.refuses('counter-rollback', () => victim.update(path, installed(20)));
  await victim.recovers();
});

test('a device that fell back below its floor is repaired from the floor up', async () => {
  await using victim = await makeVictim();
  await victim.trust.raiseFloors({ app: 20 });
  const below = victim.release({ version: '1.9.0', counter: 19 });
  const at = victim.release({ version: '2.0.0', counter: 20 });
  await victim.trust.refresh();
  await victim.refuses('counter-rollback', () => victim.update(below, installed(5)));
  await expect(victim.update(at, installed(5))).resolves.toBeDefined();
});

test('neither a restart nor new online keys lower the counter floor', async () => {
  await using victim = await makeVictim();
  const old = victim.release({ version: '1.5.0', counter: 5 });
  await victim.trust.refresh();
  await victim.trust.raiseFloors({ app: 20 });
  await victim.trust.raiseFloors({ app: 3 });
  await victim.restart();
  expect(victim.trust.floor('app')).toBe(20);
  victim.repo.rotate('timestamp', [makeKey()]);
  victim.repo.rotate('snapshot', [makeKey()]);
  victim.repo.publish();
  await victim.trust.refresh();
  await victim.refuses('counter-rollback', () => victim.update(old, installed(4)));
});
