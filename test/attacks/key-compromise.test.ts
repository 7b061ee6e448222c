/**
 * The key compromise matrix: for each key, and set of keys, what its thief can do and what not; then the maker revokes by
 * the signer's own commands, the device recovers, and the stolen key is worth nothing any more.
 */
import { DAY_MS, metaOf, type RobbedMaker, robbedMaker, stolenSignatures } from '@tidegate/test';
import { expect, test } from 'vitest';

const write = { write: true };

interface Snapshot {
  readonly meta: Record<string, { readonly version: number }>;
}

/** A thief's timestamp over any snapshot file. */
async function forgedTimestamp(
  maker: RobbedMaker,
  snapshot: Buffer,
  versions: { timestamp: number; snapshot: number },
) {
  const { signed } = maker.file('timestamp.json');
  const forged = {
    ...signed,
    version: versions.timestamp,
    expires: inDays(maker, 300),
    meta: { 'snapshot.json': metaOf(snapshot, versions.snapshot) },
  };
  return stolenSignatures(forged, [maker.keys.timestamp]);
}

/** A thief's snapshot; by the timestamp's key where that is all that they have. */
async function forgedSnapshot(
  maker: RobbedMaker,
  version: number,
  changes: Snapshot['meta'] = {},
  key = maker.keys.snapshot,
) {
  const { signed } = maker.file<Snapshot>('1.snapshot.json');
  const forged = { ...signed, version, expires: inDays(maker, 300), meta: { ...signed.meta, ...changes } };
  return stolenSignatures(forged, [key]);
}

function inDays({ clock }: RobbedMaker, days: number): string {
  return new Date(clock.nowMs + days * DAY_MS).toISOString().replace(/\.\d+Z/, 'Z');
}

const served = (maker: RobbedMaker, name: string) => Buffer.from(`${JSON.stringify(maker.file(name))}\n`);

async function newOnlineKeys(maker: RobbedMaker, which: readonly ('snapshot' | 'timestamp')[]): Promise<void> {
  const fresh = await Promise.all(which.map(async role => [role, await maker.newKey(`${role}-2`, 'online')] as const));
  const request = Object.fromEntries(fresh.map(([role, key]) => [`${role}Key`, key]));
  await maker.repository.rotateOnline(request, write);
  await maker.signed('root', maker.keys.ada, maker.keys.radia);
  for (const [role, key] of fresh) maker.online[role] = key.signer;
}

test('the timestamp key: hides new releases until the snapshot runs out, and blocks by its version until it is replaced', async () => {
  await using maker = await robbedMaker();
  const { device, clock } = maker;
  const stale = await forgedTimestamp(maker, served(maker, '1.snapshot.json'), { timestamp: 1000, snapshot: 1 });
  const path = await maker.release('what the thief hides');
  await maker.publish();
  maker.serveForged({ 'timestamp.json': stale });
  await device.trust.refresh();
  await device.refuses('target-not-signed', () => device.update(path));
  maker.serveForged({});
  await device.refuses('metadata-rollback', () => device.trust.refresh());
  maker.serveForged({ 'timestamp.json': stale });
  clock.pass(10 * DAY_MS);
  await device.trust.refresh();
  clock.pass(5 * DAY_MS);
  await device.refuses('metadata-expired', () => device.trust.refresh());
  const invented = await forgedSnapshot(maker, 3, {}, maker.keys.timestamp);
  const forged = await forgedTimestamp(maker, invented, { timestamp: 1001, snapshot: 3 });
  maker.serveForged({ 'timestamp.json': forged, '3.snapshot.json': invented });
  await device.refuses('metadata-signature', () => device.trust.refresh());

  await newOnlineKeys(maker, ['timestamp']);
  await maker.recovers();
  maker.serveForged({ 'timestamp.json': stale });
  await device.refuses('metadata-signature', () => device.trust.refresh());
});

test('the snapshot key: nothing alone, since the timestamp names the snapshot by its hash', async () => {
  await using maker = await robbedMaker();
  const { device } = maker;
  await maker.release('a release');
  await maker.publish();
  maker.serveForged({ '2.snapshot.json': await forgedSnapshot(maker, 2) });
  await device.refuses('metadata-mismatch', () => device.trust.refresh());

  await newOnlineKeys(maker, ['snapshot']);
  await maker.recovers();
});

test('both online keys: freeze until the channel’s list runs out and raise versions, but install nothing', async () => {
  await using maker = await robbedMaker();
  const { device, clock } = maker;
  const far = 2 ** 31 - 2;
  const snapshot = await forgedSnapshot(maker, far);
  const timestamp = await forgedTimestamp(maker, snapshot, { timestamp: far, snapshot: far });
  const frozen = { 'timestamp.json': timestamp, [`${far}.snapshot.json`]: snapshot };
  maker.serveForged(frozen);
  await device.trust.refresh();
  await maker.publish();
  await device.refuses('metadata-rollback', () => device.trust.refresh());

  const { signed } = maker.file('1.p-gw2-stable.json');
  const channel = await stolenSignatures({ ...signed, version: 2 }, [maker.keys.snapshot, maker.keys.timestamp]);
  const naming = await forgedSnapshot(maker, far + 1, { 'p-gw2-stable.json': { version: 2 } });
  maker.serveForged({
    'timestamp.json': await forgedTimestamp(maker, naming, { timestamp: far + 1, snapshot: far + 1 }),
    [`${far + 1}.snapshot.json`]: naming,
    '2.p-gw2-stable.json': channel,
  });
  await device.refuses('metadata-signature', () => device.trust.refresh());

  maker.serveForged(frozen);
  clock.pass(29 * DAY_MS);
  await device.trust.refresh();
  clock.pass(32 * DAY_MS);
  await device.refuses('metadata-expired', () => device.trust.refresh());

  await newOnlineKeys(maker, ['snapshot', 'timestamp']);
  await maker.repository.renew('h-gw2');
  await maker.signed('h-gw2', maker.keys.duty);
  await maker.repository.renew('p-gw2-stable');
  await maker.recovers();
  maker.serveForged(frozen);
  await device.refuses('metadata-signature', () => device.trust.refresh());
});

/** The thief's own release, as a list of the channel. */
function withEvil(maker: RobbedMaker, version: number, path: string): object {
  const { signed } = maker.file<{ targets: Record<string, object> }>(`${version}.p-gw2-stable.json`);
  const [honest = {}] = Object.values(signed.targets);
  return { ...signed, version: version + 1, targets: { ...signed.targets, [path]: honest } };
}

test('one key of a channel that two must sign: nothing, and it is replaced in one step', async () => {
  await using maker = await robbedMaker();
  const { device, repository, keys } = maker;
  await maker.release('a release');
  await maker.publish();
  await device.trust.refresh();
  const evil = withEvil(maker, 2, 'gw2/stable/app/6.6.6/evil.bin');
  const list = await stolenSignatures(evil, [keys.ci]);
  // The thief has a friend at the signing service: the list is named by an honest snapshot, and still refused.
  const snapshot = await forgedSnapshot(maker, 3, { 'p-gw2-stable.json': { version: 3 } });
  const timestamp = await forgedTimestamp(maker, snapshot, { timestamp: 3, snapshot: 3 });
  maker.serveForged({ 'timestamp.json': timestamp, '3.snapshot.json': snapshot, '3.p-gw2-stable.json': list });
  await device.refuses('metadata-signature', () => device.trust.refresh());

  const ci2 = await maker.newKey('ci-2', 'ci');
  await repository.revoke({ keyid: keys.ci.keyid, replacement: ci2 }, write);
  await maker.signed('targets', keys.ada, keys.grace);
  await maker.signed('p-gw2-stable', ci2, keys.engineer);
  maker.channel.splice(0, 1, ci2.signer);
  await maker.recovers();
});

test('a threshold of a channel: its own releases and no others, until both keys are revoked and the release is held', async () => {
  await using maker = await robbedMaker();
  const { device, repository, keys } = maker;
  const evil = await maker.release('what the thieves made');
  await maker.publish();
  expect((await device.update(evil)).toString()).toBe('what the thieves made');
  // Beyond their own paths even both keys sign nothing: the device never looks there for them.
  const foreign = 'cam1/stable/app/6.6.6/evil.bin';
  const list = await stolenSignatures(withEvil(maker, 2, foreign), [keys.ci, keys.engineer]);
  const snapshot = await forgedSnapshot(maker, 3, { 'p-gw2-stable.json': { version: 3 } });
  const timestamp = await forgedTimestamp(maker, snapshot, { timestamp: 3, snapshot: 3 });
  const lists = { '3.snapshot.json': snapshot, '3.p-gw2-stable.json': list };
  maker.serveForged({ 'timestamp.json': timestamp, ...lists });
  await device.trust.refresh();
  await device.refuses('wrong-channel', () => device.update(foreign));

  const [ci2, engineer2] = [await maker.newKey('ci-2', 'ci'), await maker.newKey('engineer-2', 'person')];
  await repository.revoke({ keyid: keys.ci.keyid, replacement: ci2 }, write);
  await repository.revoke({ keyid: keys.engineer.keyid, replacement: engineer2 }, write);
  await repository.renew('p-gw2-stable', { above: 3 });
  await maker.signed('targets', keys.ada, keys.grace);
  await maker.signed('p-gw2-stable', ci2, engineer2);
  await repository.addHold({ product: 'gw2', component: 'app', version: '1.2.0', reason: { en: 'It was stolen.' } });
  await maker.signed('h-gw2', keys.duty);
  maker.channel.splice(0, 2, ci2.signer, engineer2.signer);
  // The thieves' snapshot was served under version 3.
  await repository.refreshOnline({ ...maker.online, aboveSnapshot: 3 });
  await maker.recovers();
  await device.refuses('held', () => device.update(evil));
});

test('one person’s key: no root, no delegation, and another takes its place', async () => {
  await using maker = await robbedMaker();
  const { device, repository, keys } = maker;
  const root = maker.file<{ keys: object; roles: Record<string, object> }>('1.root.json').signed;
  const mine = { keyids: [keys.radia.keyid], threshold: 1 };
  const coup = { ...root, version: 2, roles: { ...root.roles, root: mine, targets: mine } };
  maker.serveForged({ '2.root.json': await stolenSignatures(coup, [keys.radia]) });
  await device.refuses('metadata-signature', () => device.trust.refresh());
  const targets = maker.file('1.targets.json').signed;
  const list = await stolenSignatures({ ...targets, version: 2 }, [keys.radia]);
  const snapshot = await forgedSnapshot(maker, 2, { 'targets.json': { version: 2 } });
  const timestamp = await forgedTimestamp(maker, snapshot, { timestamp: 2, snapshot: 2 });
  maker.serveForged({ 'timestamp.json': timestamp, '2.snapshot.json': snapshot, '2.targets.json': list });
  await device.refuses('metadata-signature', () => device.trust.refresh());

  const radia2 = await maker.newKey('radia-2', 'person');
  const plan = await repository.revoke({ keyid: keys.radia.keyid, replacement: radia2 }, write);
  expect(plan.drafts.map(d => d.role)).toEqual(['root', 'targets']);
  await maker.signed('root', keys.ada, keys.grace);
  await maker.signed('targets', keys.grace, radia2);
  await maker.recovers();
  const next = maker.file('2.root.json').signed;
  maker.serveForged({ '3.root.json': await stolenSignatures({ ...next, version: 3 }, [keys.radia, keys.ada]) });
  await device.refuses('metadata-signature', () => device.trust.refresh());
});

test('a threshold of the root: everything, which is the loss that the ceremony is there to prevent', async () => {
  await using maker = await robbedMaker();
  const { device, keys } = maker;
  const root = maker.file<{ keys: Record<string, object>; roles: Record<string, object> }>('1.root.json').signed;
  const coup = { ...root, version: 2, roles: { ...root.roles, root: { keyids: [keys.radia.keyid], threshold: 1 } } };
  const used = new Set(Object.values(coup.roles).flatMap(role => (role as { keyids: string[] }).keyids));
  const own = { ...coup, keys: Object.fromEntries(Object.entries(root.keys).filter(([id]) => used.has(id))) };
  maker.serveForged({ '2.root.json': await stolenSignatures(own, [keys.radia, keys.ada]) });
  await device.trust.refresh();
  for (const _ of ['root 2', 'root 3']) {
    await maker.repository.renew('root');
    await maker.signed('root', keys.ada, keys.grace);
  }
  await maker.publish();
  await device.refuses('metadata-signature', () => device.trust.refresh());
});
