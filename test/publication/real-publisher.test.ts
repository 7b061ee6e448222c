/** Publishing over a real connection: by the product's own signer from end to end, and by one that is cut off on the way. */
import { randomBytes } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { ADMIN_API, METADATA_BASE, type ReleaseView, TARGETS_BASE } from '@tidegate/protocol';
import { emptyDatabase, testApp } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { startOwnServer } from '../src/own-server.ts';
import { sha256 } from '../src/repo-sim.ts';
import { metadataOf, openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';

test("takes what the product's own signer made, shows it, and gives the same answer to the same set again", async () => {
  await using folder = await tempFolder();
  const desk = await openSigningDesk({ folder: join(folder.path, 'signing'), products: ['gw2'], scryptN: 1024 });
  const database = await emptyDatabase();
  await using own = await startOwnServer({ databaseUrl: database.url, root: await readFile(desk.rootFile) });
  const { adminUrl, deviceUrl } = own.server;
  const to = { adminUrl, token: own.adminToken, readBackUrl: deviceUrl };
  const content = randomBytes(3 * 1024 * 1024);
  const file = join(folder.path, 'app.tar');
  await writeFile(file, content);

  const { path } = await desk.release({ file, version: '1.0.0' });
  const first = await desk.publish(to);
  expect(first.newTargets).toEqual([path]);
  const again = await desk.repository.publish({ url: adminUrl, token: own.adminToken });
  expect(again).toEqual(first);

  const { items } = await own.admin.get<{ items: ReleaseView[] }>('/releases');
  expect(items).toMatchObject([{ target: path, version: '1.0.0', sha256: sha256(content), withdrawn: false }]);
  const cut = path.lastIndexOf('/') + 1;
  const url = `${deviceUrl}${TARGETS_BASE}/${path.slice(0, cut)}${sha256(content)}.${path.slice(cut)}`;
  expect(sha256(Buffer.from(await (await fetch(url)).arrayBuffer()))).toBe(sha256(content));
  // The Rust library tough puts the hash before the whole path.
  const otherUrl = `${deviceUrl}${TARGETS_BASE}/${sha256(content)}.${path}`;
  expect(sha256(Buffer.from(await (await fetch(otherUrl)).arrayBuffer()))).toBe(sha256(content));
  const timestamp = await (await fetch(`${deviceUrl}${METADATA_BASE}/timestamp.json`)).arrayBuffer();
  expect(Buffer.from(timestamp)).toEqual(await metadataOf(desk, 'timestamp.json'));
  expect((await desk.publish(to)).newTargets).toEqual([]);
});

test('keeps nothing of an artifact whose sender is cut off, and takes it whole the next time', async () => {
  const app = await testApp();
  const url = await app.apps.admin.listen({ host: '127.0.0.1', port: 0 });
  const token = await app.apiToken('releaser');
  const opened = await app.admin('POST', '/publications', { token, body: { idempotencyKey: 'k'.repeat(16) } });
  const content = randomBytes(1024 * 1024);
  const path = `/publications/${(opened.json as { id: string }).id}/artifacts/${sha256(content)}`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  const incoming = async () => readdir(join(app.folder, 'artifacts', 'incoming'));

  const sending = request(`${url}${ADMIN_API}${path}`, {
    method: 'PUT',
    headers: { ...headers, 'content-length': content.length },
  });
  sending.on('error', () => undefined); // it is we who hang up
  sending.write(content.subarray(0, content.length / 2));
  await until('the first half', async () => ((await incoming()).length > 0 ? true : undefined));
  sending.destroy();
  await until('the half to be thrown away', async () => ((await incoming()).length === 0 ? true : undefined));
  expect(await readdir(join(app.folder, 'artifacts'))).toEqual(['incoming']);
  expect(await app.db.selectFrom('artifacts').selectAll().execute()).toEqual([]);

  const whole = await fetch(`${url}${ADMIN_API}${path}`, { method: 'PUT', headers, body: content });
  expect(whole.status).toBe(204);
  await app.close();
});
