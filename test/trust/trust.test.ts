import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { holdPath } from '@tidegate/protocol';
import { DAY_MS, freeze, makeKey, makeP256Key, makeVictim, simKey, type Victim } from '@tidegate/test';
import { expect, test } from 'vitest';

const FACTS = { product: 'gw2', channel: 'stable', hardware: 'gw2-a', installed: {} };

async function cutList(victim: Victim, list: string, which: 'newest' | 'all' = 'newest'): Promise<void> {
  const tuf = join(victim.trustDir, 'tuf');
  const generations = (await readdir(tuf)).filter(name => name.startsWith('gen-')).toSorted();
  for (const generation of which === 'all' ? generations : generations.slice(-1))
    await truncate(join(tuf, generation, `${list}.json`), 20);
}

test('tells whether a refresh brought something, and accepts without a network afterwards', async () => {
  await using victim = await makeVictim();
  const path = victim.release();
  expect(await victim.trust.refresh()).toMatchObject({ changed: true, timestampVersion: 2 });
  expect(await victim.trust.refresh()).toMatchObject({ changed: false });
  await victim.server[Symbol.asyncDispose]();
  await victim.restart();
  await expect(victim.trust.accept(path, FACTS)).resolves.toMatchObject({ path, firmware: { version: '1.2.0' } });
});

test('accepts lists that are signed with P-256 keys, beside Ed25519 and alone', async () => {
  await using victim = await makeVictim();
  const { repo } = victim;
  await victim.trust.refresh();
  const [first] = repo.delegated[repo.role]?.keys ?? [];
  repo.delegated[repo.role]!.keys = [first!, makeP256Key()];
  repo.rotate('root', [makeP256Key(), makeKey()], 2);
  repo.rotate('timestamp', [makeP256Key()]);
  repo.rotate('snapshot', [makeP256Key()]);
  repo.bump('targets');
  const path = victim.release();
  await victim.trust.refresh();
  await expect(victim.trust.accept(path, FACTS)).resolves.toMatchObject({ path });
});

test('passes over a key of a type that it does not know', async () => {
  await using victim = await makeVictim();
  const { repo } = victim;
  const key = makeKey();
  const later = simKey({ ...key.tuf, keytype: 'ml-dsa', scheme: 'ml-dsa-65' } as never, key.privateKey);
  repo.rotate('timestamp', [...repo.keys.timestamp.keys, later], 1);
  repo.publish();
  await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: true });
});

test('accepts nothing before the first refresh', async () => {
  await using victim = await makeVictim();
  await expect(victim.trust.accept(victim.release(), FACTS)).rejects.toMatchObject({ code: 'network' });
});

test('staged work may go on after the timestamp expired, until the channel role does', async () => {
  await using victim = await makeVictim();
  const path = victim.release();
  await victim.trust.refresh();
  const { validUntil } = await victim.trust.accept(path, FACTS);
  victim.clock.pass(30 * DAY_MS);
  await expect(victim.trust.accept(path, FACTS)).resolves.toBeDefined();
  victim.clock.pass(Date.parse(validUntil) - victim.clock.now());
  await expect(victim.trust.accept(path, FACTS)).rejects.toMatchObject({ code: 'metadata-expired' });
});

test('tells the owner why a version is held, until when support lasts, and that nothing more will come', async () => {
  await using victim = await makeVictim();
  const { repo } = victim;
  expect(await victim.trust.notices()).toMatchObject({ retired: false });
  const reason = { en: 'It burns.', de: 'Es brennt.' };
  const hold = { schema: 1, component: 'app', version: '1.2.0', reason };
  repo.addTarget('h-gw2', holdPath('gw2', 'app', '1.2.0'), Buffer.from('{}'), hold);
  const described = (version: string, supportEnds: string) =>
    repo.addTarget(repo.role, `gw2/stable/product/${version}/product.json`, Buffer.from(version), {
      schema: 1,
      kind: 'product',
      component: 'product',
      version,
      supportEnds,
      releasedAt: '2031-05-01T00:00:00Z',
    });
  described('9', '2033-12-31');
  described('10', '2034-06-30');
  repo.fields[repo.role] = { 'x-retired': true };
  // Ten years, as the last lists of a product are signed for.
  repo.expiresAt[repo.role] = victim.clock.now() + 3650 * DAY_MS;
  repo.publish(['h-gw2', repo.role]);
  await victim.trust.refresh();

  const notices = await victim.trust.notices();
  expect(notices).toMatchObject({ retired: true, descriptor: { supportEnds: '2034-06-30', lengthBytes: 2 } });
  expect(notices.holdReason('app', '1.2.0')).toEqual(reason);
  expect(notices.holdReason('app', '1.3.0')).toBeUndefined();
});

test('a hold and a withdrawal end what was accepted before', async () => {
  await using victim = await makeVictim();
  const { repo } = victim;
  const [held, withdrawn] = [victim.release(), victim.release()];
  await victim.trust.refresh();
  await victim.trust.accept(held, FACTS);
  await victim.trust.accept(withdrawn, FACTS);
  repo.addTarget('h-gw2', holdPath('gw2', 'app', '1.2.0'), Buffer.from('{}'));
  delete repo.targets[repo.role]?.[withdrawn];
  repo.publish(['h-gw2', repo.role]);
  await victim.trust.refresh();
  await expect(victim.trust.accept(held, FACTS)).rejects.toMatchObject({ code: 'held' });
  await expect(victim.trust.accept(withdrawn, FACTS)).rejects.toMatchObject({ code: 'target-not-signed' });
});

test('a newer root is kept though the lists under it fail, and its revocations count', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  victim.repo.rotate('targets', [makeKey()]);
  victim.server.twist('timestamp.json', { kind: 'status', status: 500 });
  await expect(victim.trust.refresh()).rejects.toMatchObject({ code: 'network' });
  expect((await victim.generation())['root.json']).toContain('"version":2');
  victim.server.honest();
  await victim.refuses('metadata-signature', () => {
    const { keys } = victim.repo;
    const honest = keys.targets;
    keys.targets = { keys: keys.root.keys, threshold: 1 };
    victim.repo.publish(['targets']);
    keys.targets = honest;
    return victim.trust.refresh();
  });
  victim.repo.publish(['targets']);
  await victim.recovers();
});

test('with the newest generation damaged, the one before it counts where it is not older', async () => {
  await using victim = await makeVictim();
  const path = victim.release();
  await victim.trust.refresh();
  victim.repo.publish();
  await victim.trust.refresh();
  await cutList(victim, 'targets');
  await victim.restart();
  await expect(victim.trust.accept(path, FACTS)).resolves.toBeDefined();
});

test('with the newest generation damaged, an older list is not gone back to', async () => {
  await using victim = await makeVictim();
  const path = victim.release();
  await victim.trust.refresh();
  victim.release();
  await victim.trust.refresh();
  await cutList(victim, 'p-gw2-stable');
  await victim.restart();
  await expect(victim.trust.accept(path, FACTS)).rejects.toMatchObject({ code: 'network' });
  await victim.recovers();
});

test('with every root damaged, the factory’s root is walked forward', async () => {
  await using victim = await makeVictim();
  victim.repo.rotate('timestamp', [makeKey()]);
  victim.repo.publish();
  await victim.trust.refresh();
  await cutList(victim, 'root', 'all');
  await victim.restart();
  await victim.recovers();
});

test('with both copies of the floors lost, slots and lists say what they were, with an alarm', async () => {
  await using victim = await makeVictim();
  await victim.trust.refresh();
  const yesterday = freeze(victim.repo);
  await victim.update(victim.release());
  await victim.trust.raiseFloors({ app: 9 });
  for (const copy of ['a', 'b']) await truncate(join(victim.trustDir, `floors.${copy}.json`), 5);
  const alarms: object[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => void alarms.push(fields) };
  await victim.restart({ log, runningGood: { app: 8 }, factoryFloors: { app: 2, mcu: 3 } });
  expect(alarms).toMatchObject([{ alarm: 'floors-lost' }]);
  expect([victim.trust.floor('app'), victim.trust.floor('mcu')]).toEqual([8, 3]);
  victim.server.serve(yesterday);
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
});

test('two refreshes at once come one after the other', async () => {
  await using victim = await makeVictim();
  const results = await Promise.all([victim.trust.refresh(), victim.trust.refresh()]);
  expect(results.map(r => r.changed)).toEqual([true, false]);
});

test('a refresh ends as stopped when its signal fires', async () => {
  await using victim = await makeVictim();
  await expect(victim.trust.refresh(AbortSignal.abort())).rejects.toMatchObject({ code: 'stopped' });
  await victim.recovers();
});

test('a release that requires other components is taken once each of them runs, and not before', async () => {
  await using victim = await makeVictim();
  const { repo } = victim;
  const mcu = repo.addFirmware(Buffer.from('mcu'), { component: 'mcu', version: '0.9.0', counter: 2 }, 'mcu.bin');
  repo.addFirmware(Buffer.from('radio'), { component: 'radio', version: '3.0.0', counter: 3 }, 'radio.bin');
  const requires = [
    { component: 'mcu', minCounter: 2 },
    { component: 'radio', minCounter: 3 },
  ];
  const path = victim.release({ requires });
  await victim.trust.refresh();
  const running = (counters: Readonly<Record<string, number>>) => ({
    ...FACTS,
    installed: Object.fromEntries(Object.entries(counters).map(([name, counter]) => [name, { version: 'x', counter }])),
  });
  const early = expect.objectContaining({ code: 'requirement-missing' });
  await expect(victim.trust.accept(path, running({ app: 1, mcu: 1, radio: 3 }))).rejects.toEqual(early);
  await expect(victim.trust.accept(path, running({ app: 1, mcu: 2 }))).rejects.toEqual(early);
  // What is required comes by itself, by the same list.
  await expect(victim.trust.accept(mcu, running({ app: 1, mcu: 1 }))).resolves.toMatchObject({ path: mcu });
  await expect(victim.trust.accept(path, running({ app: 1, mcu: 2, radio: 3 }))).resolves.toMatchObject({ path });
});
