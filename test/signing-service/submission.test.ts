/** Submissions from CI and people through a real service process to a real distribution server. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReleaseView } from '@tidegate/protocol';
import { parseDetached, Repository, verifyRepository } from '@tidegate/signer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { type Maker, openMaker, ServiceClient, type ServiceProcess, SIGNER_CLI, startServiceProcess } from './maker.ts';

let maker: Maker;
let service: ServiceProcess;
let client: ServiceClient;

beforeAll(async () => {
  maker = await openMaker();
  service = await startServiceProcess(maker, await maker.configure(), { DATABASE_URL: maker.databaseUrl });
  client = await new ServiceClient(service.url).active();
});
afterAll(async () => {
  await service?.child.stop();
  await maker?.[Symbol.asyncDispose]();
});

const published = async () => (await maker.server.admin.get<{ items: ReleaseView[] }>('/releases')).items;
const asDevice = async () =>
  verifyRepository({ source: maker.server.server.deviceUrl, root: await readFile(maker.rootFile) });

test('publishes what CI alone may sign, without anybody doing more', async () => {
  const built = await maker.build({ version: '1.0.0', bytes: 'the first' });
  const { id } = await client.submit(built);
  expect(await client.settled(id)).toMatchObject({ state: 'published', role: 'p-gw2-beta', missing: 0, refusal: null });
  expect(await published()).toMatchObject([{ version: '1.0.0', channel: 'beta', sha256: built.sha256 }]);
  expect((await asDevice()).targets.map(t => t.sha256)).toEqual([built.sha256]);
  expect(await client.submit(built)).toMatchObject({ id, state: 'published' });
});

test('lets stable wait for a person, shows for whom, and publishes with the last signature', async () => {
  const built = await maker.build({ version: '2.0.0', bytes: 'the second', channel: 'stable' });
  const submitted = await client.submit(built);
  const [quorum] = submitted.quorums;
  expect(submitted).toMatchObject({ state: 'waiting', missing: 1 });
  expect([quorum?.signed.map(k => k.name), quorum?.open.map(k => [k.name, k.kind])]).toEqual([
    ['ci'],
    [['ada', 'person']],
  ]);
  expect((await published()).map(r => r.version)).not.toContain('2.0.0');

  const payload = await client.ask<object>('GET', `/submissions/${submitted.id}/payload`);
  const [payloadFile, signatureFile] = [join(maker.dir, 'p.json'), join(maker.dir, 's.json')];
  await writeFile(payloadFile, JSON.stringify(payload.body));
  const signed = await runToEnd(
    [SIGNER_CLI, 'sign', '--payload', payloadFile, '--trusted-root', maker.rootFile]
      .concat(['--key', `file:${maker.keys.ada.file}`, '--passphrase-file', join(maker.dir, 'passphrase')])
      .concat(['--out', signatureFile, '--yes']),
  );
  expect([signed.code, signed.stdout]).toEqual([0, expect.stringContaining('+ gw2/stable/app/2.0.0/app.img')]);
  const signature = parseDetached(await readFile(signatureFile), signatureFile);
  expect(await client.ask('POST', `/submissions/${submitted.id}/signatures`, signature)).toMatchObject({ status: 200 });
  expect(await client.settled(submitted.id)).toMatchObject({ state: 'published' });
  expect((await published()).map(r => r.version)).toContain('2.0.0');
});

test('takes up what people sign and complete in the folder itself', async () => {
  const built = await maker.build({ version: '3.0.0', bytes: 'the third', channel: 'stable' });
  const { id } = await client.submit(built);
  const repository = await Repository.open(maker.repositoryDir);
  await repository.sign('p-gw2-stable', maker.keys.ada.signer);
  await client.ask('POST', `/submissions/${id}/submit`);
  expect(await client.settled(id)).toMatchObject({ state: 'published' });
});

test('replaces a waiting list by a newer one where it is asked to, and only then', async () => {
  const first = await client.submit(await maker.build({ version: '4.0.0', bytes: 'the fourth', channel: 'stable' }));
  const second = await maker.build({ version: '4.0.1', bytes: 'the fourth, mended', channel: 'stable' });
  expect(await client.open(second.request)).toMatchObject({ status: 409, body: { code: 'submission-waiting' } });
  const request = { ...second.request, replaces: first.id };
  expect(await client.submit({ ...second, request })).toMatchObject({ state: 'waiting' });
  expect((await client.ask('GET', `/submissions/${first.id}`)).body).toMatchObject({ state: 'superseded' });
});
