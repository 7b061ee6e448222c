/** A release is withdrawn by the product's own signer: the server offers it no more, and a client no longer finds it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseView } from '@tidegate/protocol';
import { verifyRepository } from '@tidegate/signer';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startOwnServer } from '../src/own-server.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';

test('a withdrawn release is shown as withdrawn, is found by no client, and can come back as it was', async () => {
  await using folder = await tempFolder();
  const desk = await openSigningDesk({ folder: join(folder.path, 'signing'), products: ['gw2'], scryptN: 1024 });
  const database = await emptyDatabase();
  const root = await readFile(desk.rootFile);
  await using own = await startOwnServer({ databaseUrl: database.url, root });
  const to = { adminUrl: own.server.adminUrl, token: own.adminToken };
  const releases = async () => (await own.admin.get<{ items: ReleaseView[] }>('/releases')).items;
  const found = async () => (await verifyRepository({ source: own.server.deviceUrl, root })).targets.map(t => t.path);
  const file = join(folder.path, 'app.tar');
  await writeFile(file, 'some bytes');

  const { path, role } = await desk.release({ file, version: '1.0.0' });
  await desk.publish(to);
  expect(await found()).toEqual([path]);

  const reason = { en: 'Lights go on by themselves.' };
  await desk.repository.withdraw({ product: 'gw2', channel: 'stable', component: 'app', version: '1.0.0', reason });
  await desk.signChannel(role);
  await desk.publish(to);
  expect(await releases()).toMatchObject([{ target: path, withdrawn: true }]);
  expect(await found()).toEqual([]);

  await desk.release({ file, version: '1.0.0' });
  await desk.publish(to);
  expect(await releases()).toMatchObject([{ target: path, withdrawn: false, counter: 1 }]);
  expect(await found()).toEqual([path]);
});
