/** Whoever owns the server can keep a security release back. Its signed word goes past them: to the owner, who decides. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClaimTokensAnswer, RolloutView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startEvilServer } from '../src/evil-server.ts';
import { startOwnServer } from '../src/own-server.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { FILE_COMPONENT } from '../src/single-file.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { makeStillClock, manufactureTimed } from '../src/timed-device.ts';

const DAY_MS = 86_400_000;

test('stolen server that withholds: the owner is offered the security release all the same, once its days have passed', async () => {
  await using closing = new AsyncDisposableStack();
  const { path: folder } = closing.use(await tempFolder('tidegate-withheld'));
  const clock = makeStillClock(Math.floor(Date.now() / 1000) * 1000);
  const now = () => new Date(clock.now());
  const desk = await openSigningDesk({ folder: join(folder, 'signing'), products: ['gw2'], scryptN: 1024, now });
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  const root = await readFile(desk.rootFile);
  const own = closing.use(await startOwnServer({ databaseUrl: database.url, root, clock: { now } }));
  const publish = () => desk.publish({ adminUrl: own.server.adminUrl, token: own.adminToken });
  const release = async (version: string, more: object) => {
    const file = join(folder, `${version}.txt`);
    await writeFile(file, `firmware ${version}`);
    const { path } = await desk.release({ file, version, component: FILE_COMPONENT, format: 'file', ...more });
    await publish();
    return path;
  };
  await own.admin.post('/products', { name: 'gw2' });
  const { tokens } = await own.admin.post<ClaimTokensAnswer>('/claim-tokens', { product: 'gw2', count: 1 });
  const evil = closing.use(await startEvilServer(own.server.deviceUrl));
  evil.attack({ offer: () => null });

  const device = await manufactureTimed({
    folder: join(folder, 'device'),
    clock,
    rootFile: desk.rootFile,
    server: evil.url,
  });
  await device.enrol(tokens[0] ?? '');
  await device.owner('POST', '/v1/setup', { automaticUpdates: false });
  await release('1.0.0', {});
  const target = await release('1.1.0', { class: 'security', selfOfferAfterDays: 7 });
  const phases = [{ basisPoints: 10_000 }];
  const { id } = await own.admin.post<RolloutView>('/rollouts', { target, phases });

  expect((await device.run()).update).toBeUndefined();
  for (let day = 1; day <= 6; day++) {
    clock.pass(DAY_MS);
    await publish();
    expect(await device.run()).toMatchObject({ state: 'idle', server: 'answers' });
  }
  expect((await device.run()).update).toBeUndefined();

  clock.pass(DAY_MS);
  await publish();
  const offered = await device.run();
  expect(offered.update).toMatchObject({ version: '1.1.0', class: 'security', offeredBy: 'device' });
  expect(offered.components).toMatchObject([{ version: 'factory' }]);
  await device.owner('POST', '/v1/apply');
  expect((await device.run()).components).toMatchObject([{ version: '1.1.0' }]);

  // The honest server, come back, sees what runs there; nothing is counted for a rollout that it was not part of.
  evil.attack({});
  await device.run();
  expect(await own.admin.get<RolloutView>(`/rollouts/${id}`)).toMatchObject({ counts: { verified: 0, failed: 0 } });
});
