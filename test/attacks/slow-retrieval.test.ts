import { makeVictim, startStaticServer } from '@tidegate/test';
import { expect, test } from 'vitest';

test('a list that drips is given up', async () => {
  await using victim = await makeVictim();
  victim.server.twist('snapshot.json', { kind: 'drip' });
  await victim.refuses('network', () => victim.trust.refresh());
  await victim.recovers();
});

test('an image that drips is fetched from the mirror', async () => {
  await using mirror = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  await using victim = await makeVictim({ mirrors: [mirror.url] });
  mirror.serve(victim.repo);
  const content = Buffer.alloc(10_000, 'i');
  const path = victim.release({}, content);
  victim.server.twist('app.bin', { kind: 'drip' });
  expect(await victim.update(path)).toEqual(content);
});

test.each([
  ['fails', { kind: 'status', status: 500 }],
  ['has nothing', { kind: 'status', status: 404 }],
  ['sends a page', { kind: 'replace', bytes: Buffer.from('<html>please log in</html>') }],
] as const)('a first source that %s is passed over for the mirror', async (_, twist) => {
  await using mirror = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  await using victim = await makeVictim({ mirrors: [mirror.url] });
  mirror.serve(victim.repo);
  victim.server.twist('timestamp.json', twist);
  await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: true });
});

test('a first source that is frozen is overcome over the mirror', async () => {
  await using mirror = await startStaticServer({ metadata: new Map(), artifacts: new Map() });
  await using victim = await makeVictim({ mirrors: [mirror.url] });
  victim.server.serve({ metadata: new Map(victim.repo.metadata), artifacts: new Map() });
  mirror.serve(victim.repo);
  await victim.trust.refresh();
  victim.clock.pass(4 * 86_400_000);
  expect((await victim.update(victim.release())).length).toBeGreaterThan(0);
});
