/** More than one who publishes, and servers that refuse: what is told meanwhile, and that all comes out well after. */
import { cp, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ReleaseView } from '@tidegate/protocol';
import { Repository } from '@tidegate/signer';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { until } from '../src/until.ts';
import { type Maker, openMaker, ServiceClient, type ServiceProcess, startServiceProcess } from './maker.ts';

// Several starts of processes, each of which a busy machine draws out.
vi.setConfig({ testTimeout: 300_000 });

let maker: Maker;
let service: ServiceProcess | undefined;
beforeEach(async () => {
  maker = await openMaker();
});
afterEach(async () => {
  await service?.child.stop();
  await maker[Symbol.asyncDispose]();
});

async function start(more: object = {}): Promise<ServiceClient> {
  service = await startServiceProcess(maker, await maker.configure(more), { DATABASE_URL: maker.databaseUrl });
  return new ServiceClient(service.url).active();
}

const released = async () =>
  (await maker.server.admin.get<{ items: ReleaseView[] }>('/releases')).items.map(r => `${r.product} ${r.version}`);

test('takes two builds at once: of two products both, of one channel the first, and the second once it is made anew', async () => {
  const client = await start();
  const [gateway, rival, camera] = await Promise.all([
    maker.build({ version: '1', bytes: 'one' }),
    maker.build({ version: '1-rival', bytes: 'another' }),
    maker.build({ version: '1', bytes: 'two', product: 'cam1' }),
  ]);
  const outcomes = await Promise.allSettled([client.submit(gateway), client.submit(rival), client.submit(camera)]);
  const taken = outcomes.flatMap(o => (o.status === 'fulfilled' ? [o.value.id] : []));
  expect(taken.length).toBe(2);
  expect(JSON.stringify(outcomes.map(o => o.status === 'rejected' && String(o.reason)))).toMatch(
    /submission-waiting|draft-stale/,
  );
  for (const id of taken) expect(await client.settled(id)).toMatchObject({ state: 'published' });
  const anew = await maker.build({ version: '2', bytes: 'another' });
  expect(await client.settled((await client.submit(anew)).id)).toMatchObject({ state: 'published' });
  expect((await released()).filter(r => r.startsWith('cam1'))).toEqual(['cam1 1']);
  expect(await released()).toHaveLength(3);
});

test('goes on above what another publisher with the same keys has published, and says that there was one', async () => {
  const client = await start();
  await client.settled((await client.submit(await maker.build({ version: '1', bytes: 'one' }))).id);
  const copy = await mkdtemp(join(maker.dir, 'copy-'));
  // The service works on it meanwhile: what it writes aside may be gone before it is copied.
  await cp(maker.repositoryDir, copy, { recursive: true, filter: path => !/\.(lock|tmp)$/.test(path) });
  const other = await Repository.open(copy);
  for (let i = 0; i < 4; i++) await other.refreshOnline({ timestamp: maker.keys.time.signer });
  await other.publish({ url: maker.server.server.adminUrl, token: maker.server.adminToken });

  const { id } = await client.submit(await maker.build({ version: '2', bytes: 'two' }));
  expect(await client.settled(id)).toMatchObject({ state: 'published', delayed: null });
  expect(await readFile(join(maker.repositoryDir, 'service', 'audit.jsonl'), 'utf8')).toContain(
    '"code":"publication-conflict"',
  );
  await until('the trouble to be over', async () =>
    (await fetch(`${service?.url}/healthz`)).status === 200 ? true : undefined,
  );
});

/** The server's admin listener behind a front that answers commits itself while `fault` is set. */
async function startFront(adminUrl: string) {
  const front = {
    url: '',
    fault: undefined as { status: number; code: string } | undefined,
    close: async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    },
  };
  const server = createServer((incoming, outgoing) => {
    if (front.fault && incoming.url?.endsWith('/commit')) {
      const { status, code } = front.fault;
      const body = { type: 'about:blank', title: code, status, code, detail: 'timestamp.json: it does not follow' };
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
      return;
    }
    const { method, headers, url = '/' } = incoming;
    const onward = forward(new URL(url, adminUrl), { method, headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  front.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return front;
}

test.each([
  [409, 'version-conflict', 'publication-conflict', 'Somebody else publishes with the same keys'],
  [422, 'metadata-invalid', 'server-refused', "Look at the server's words"],
])(
  'a server that answers %d again and again is told in the submission, and when it stops, all is out',
  async (status, code, told, words) => {
    const front = await startFront(maker.server.server.adminUrl);
    const { url, fault } = { url: front.url, fault: { status, code } };
    const client = await start({
      server: { url, tokenFile: './releaser-token', readBackUrl: maker.server.server.deviceUrl },
    });
    await until('the first set to be out', async () =>
      (await fetch(`${service?.url}/healthz`)).status === 200 &&
      (await fetch(`${maker.server.server.deviceUrl}/tuf/metadata/timestamp.json`)).status === 200
        ? true
        : undefined,
    );
    front.fault = fault;
    const { id } = await client.submit(await maker.build({ version: '1', bytes: 'one' }));
    const delayed = await until('the reason to be told', async () => {
      const { body } = await client.ask('GET', `/submissions/${id}`);
      return body.delayed ?? undefined;
    });
    expect(delayed).toEqual({ code: told, detail: expect.stringContaining(words) });
    expect(await (await fetch(`${service?.url}/healthz`)).json()).toMatchObject({
      status: 'failing',
      trouble: { code: told, detail: expect.stringContaining('it does not follow') },
    });
    front.fault = undefined;
    expect(await client.settled(id)).toMatchObject({ state: 'published', delayed: null });
    await service?.child.stop();
    await front.close();
  },
);

test('refuses an artifact for which the disk has no room, keeps nothing of it, and takes it when there is', async () => {
  const tight = await start({ reserveBytes: 2 ** 52 });
  const built = await maker.build({ version: '1', bytes: 'an image' });
  const { id } = (await tight.open(built.request)).body;
  const path = `/submissions/${id}/artifacts/${built.sha256}`;
  expect(await tight.ask('PUT', path, built.bytes)).toMatchObject({ status: 507, body: { code: 'disk-full' } });
  expect(await readdir(join(maker.repositoryDir, 'service', 'uploads'))).toEqual([]);
  expect((await tight.ask('POST', `/submissions/${id}/submit`)).body.code).toBe('publication-incomplete');
  await service?.child.stop();
  const roomy = await start();
  expect(await roomy.settled((await roomy.submit(built)).id)).toMatchObject({ id, state: 'published' });
});
