/**
 * A thief of CI's key goes around the signing service, straight to the distribution server: with a token of CI, with a
 * releaser's token, at worst with the online keys too. Then CI's key is revoked, and worth nothing any more.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startOwnServer } from '../src/own-server.ts';
import { type MadeKey, metaOf, robbedMaker, stolenSignatures } from '../src/robbed-maker.ts';
import { publishFiles } from './publish-files.ts';

interface List {
  readonly version: number;
  readonly targets: Readonly<Record<string, object>>;
}
interface Snapshot {
  readonly version: number;
  readonly meta: Readonly<Record<string, object>>;
}

test('around the signing service CI’s key brings nothing to stable, leads nowhere out of beta, and is worth nothing once revoked', async () => {
  await using maker = await robbedMaker(Date.now());
  const { repository, keys } = maker;
  await repository.addDelegation({ product: 'gw2', channel: 'beta', keys: [keys.ci] });
  await maker.signed('targets', keys.ada, keys.grace);
  await maker.signed('p-gw2-beta', keys.ci);
  await maker.release('an honest release');
  await maker.publish();
  const root = await readFile(join(repository.dir, 'metadata', '1.root.json'));
  const database = await emptyDatabase();
  await using own = await startOwnServer({ databaseUrl: database.url, root });
  const to = { url: own.server.adminUrl, token: own.adminToken, readBackUrl: own.server.deviceUrl };
  await repository.publish(to);
  const released = async () =>
    (await own.admin.get<{ items: ReleaseView[] }>('/releases')).items.map(r => `${r.channel} ${r.version}`);
  expect(await released()).toEqual(['stable 1.2.0']);

  const stable = maker.file<List>('2.p-gw2-stable.json').signed;
  const beta = maker.file<List>('1.p-gw2-beta.json').signed;
  const [image = {}] = Object.values(stable.targets);
  let snapshotFile = '2.snapshot.json';
  let step = 0;
  /** A list of the thief's, and a snapshot and timestamp that name it. */
  const forged = async (role: string, list: List, path: string, online: readonly MadeKey[]) => {
    const { version } = list;
    const evil = await stolenSignatures(
      { ...list, version: version + 1, targets: { ...list.targets, [path]: image } },
      [keys.ci],
    );
    const { signed: honest } = maker.file<Snapshot>(snapshotFile);
    const next = honest.version + 1;
    const named = { ...honest.meta, [`${role}.json`]: metaOf(evil, version + 1) };
    const snapshot = await stolenSignatures({ ...honest, version: next, meta: named }, online.slice(0, 1));
    const { signed: time } = maker.file('timestamp.json');
    const timestamp = await stolenSignatures(
      { ...time, version: time.version + 100 + step++, meta: { 'snapshot.json': metaOf(snapshot, next) } },
      online.slice(-1),
    );
    return {
      [`${version + 1}.${role}.json`]: evil,
      [`${next}.snapshot.json`]: snapshot,
      'timestamp.json': timestamp,
    };
  };
  const stolen = [keys.snapshot, keys.timestamp];
  const betaPath = 'gw2/beta/app/6.6.6/app-2.bin';

  // A token of CI's issuer is none of the server's, whatever it says.
  const oidc = `${part({ alg: 'RS256' })}.${part({ repository: 'maker/gateway', environment: 'release' })}.c2lnbmVk`;
  await expect(publishFiles({ ...own, adminToken: oidc }, {})).rejects.toThrow(/401 .*"unauthenticated"/);
  // With a releaser's token too: the list is CI's own, and the set that names it is not signed.
  const byCi = await forged('p-gw2-beta', beta, betaPath, [keys.ci, keys.ci]);
  await expect(publishFiles(own, byCi)).rejects.toThrow(/"metadata-invalid".*timestamp was signed by 0/);
  // With the online keys as well: stable is below its threshold, and beta may not leave its own channel.
  const toStable = await forged('p-gw2-stable', stable, 'gw2/stable/app/6.6.6/app-2.bin', stolen);
  await expect(publishFiles(own, toStable)).rejects.toThrow(/"metadata-invalid".*p-gw2-stable was signed by 1.2/);
  for (const path of ['gw2/stable/app/6.6.6/app-2.bin', 'cam1/beta/app/6.6.6/app-2.bin']) {
    const astray = await forged('p-gw2-beta', beta, path, stolen);
    await expect(publishFiles(own, astray)).rejects.toThrow(
      /"metadata-invalid".*outside the paths delegated to p-gw2-beta/,
    );
  }
  expect(await released()).toEqual(['stable 1.2.0']);

  const ci2 = await maker.newKey('ci-2', 'ci');
  await repository.revoke({ keyid: keys.ci.keyid, replacement: ci2 }, { write: true });
  await maker.signed('targets', keys.ada, keys.grace);
  await maker.signed('p-gw2-stable', ci2, keys.engineer);
  await maker.signed('p-gw2-beta', ci2);
  await maker.publish();
  await repository.publish(to);
  snapshotFile = '3.snapshot.json';
  const late = await forged('p-gw2-beta', { ...beta, version: 2 }, betaPath, stolen);
  await expect(publishFiles(own, late)).rejects.toThrow(/"metadata-invalid".*p-gw2-beta was signed by 0/);
  expect(await released()).toEqual(['stable 1.2.0']);
});

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
