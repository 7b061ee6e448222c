/** A thief of both online keys, and of a releaser's token, publishes; the maker takes the server back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startOwnServer } from '../src/own-server.ts';
import { metaOf, robbedMaker, stolenSignatures } from '../src/robbed-maker.ts';
import { deviceUnderAttack, DAY_MS } from '../src/attacked-device.ts';
import { publishFiles } from './publish-files.ts';

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

test('after a theft the maker goes on above the snapshots that the thief published, whose names stay taken', async () => {
  await using maker = await robbedMaker(Date.now());
  const { repository, keys } = maker;
  const root = await readFile(join(repository.dir, 'metadata', '1.root.json'));
  const database = await emptyDatabase();
  await using own = await startOwnServer({ databaseUrl: database.url, root });
  const to = { url: own.server.adminUrl, token: own.adminToken, readBackUrl: own.server.deviceUrl };
  await repository.publish(to);
  await using device = await deviceUnderAttack({
    root,
    product: 'gw2',
    channel: 'stable',
    sources: [own.server.deviceUrl],
    clock: maker.clock,
    builtAtMs: maker.clock.nowMs - DAY_MS,
  });

  const snapshot = await stolenSignatures({ ...maker.file('1.snapshot.json').signed, version: 2 }, [keys.snapshot]);
  const timestamp = await stolenSignatures(
    { ...maker.file('timestamp.json').signed, version: 900, meta: { 'snapshot.json': metaOf(snapshot, 2) } },
    [keys.timestamp],
  );
  await publishFiles(own, { '2.snapshot.json': snapshot, 'timestamp.json': timestamp });
  await device.trust.refresh();

  const [snap2, time2] = [await maker.newKey('snap-2', 'online'), await maker.newKey('time-2', 'online')];
  await repository.rotateOnline({ snapshotKey: snap2, timestampKey: time2 }, { write: true });
  await maker.signed('root', keys.ada, keys.grace);
  const online = { snapshot: snap2.signer, timestamp: time2.signer };
  expect(await repository.refreshOnline(online)).toMatchObject({ snapshotVersion: 2 });
  await expect(repository.publish(to)).rejects.toEqual(refused('server-refused', /2\.snapshot\.json.*other bytes/));
  expect(await repository.refreshOnline({ ...online, aboveSnapshot: 2 })).toMatchObject({ snapshotVersion: 3 });
  await repository.publish(to);

  const path = await maker.release('an honest release');
  await repository.refreshOnline(online);
  await repository.publish(to);
  expect((await device.update(path)).toString()).toBe('an honest release');
});
