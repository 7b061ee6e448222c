/**
 * The service killed at every place of a publication. Each time the next process goes on, each submission ends published
 * or cleanly waiting, and a TUF client that asks all the while never sees a set that does not hold or that goes back.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReleaseView } from '@tidegate/protocol';
import { Repository, verifyRepository } from '@tidegate/signer';
import { expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { until } from '../src/until.ts';
import {
  type Built,
  type Maker,
  openMaker,
  ServiceClient,
  type ServiceProcess,
  SIGNER_CLI,
  startServiceProcess,
} from './maker.ts';

const KILLED = fileURLToPath(new URL('killed-service.ts', import.meta.url));

const PLACES = [
  'submit:artifacts-kept',
  'submit:adopted',
  'submit:recorded',
  'completing:chosen',
  'completing:begun',
  'completing:assembled',
  'completing:done',
  'signing:written',
  'signing:begun',
  'signing:signed',
  'signing:done',
  'uploading:written',
  'uploading:begun',
  'uploading:artifact',
  'uploading:targets.json',
  'uploading:p-gw2-beta.json',
  'uploading:snapshot.json',
  'uploading:timestamp.json',
  'uploading:committed',
  'uploading:done',
  'settling:written',
  'settling:begun',
  'settling:done',
  'idle:written',
];

/** Asks again and again as a device would, from the root that it was born with, until it is told to stop. */
function watchingClient(maker: Maker) {
  const end = new AbortController();
  const seen: number[] = [];
  const faults: string[] = [];
  const watching = (async () => {
    const root = await readFile(maker.rootFile);
    while (!end.signal.aborted) {
      try {
        const { roles } = await verifyRepository({ source: maker.server.server.deviceUrl, root });
        seen.push(roles.find(r => r.role === 'timestamp')?.version ?? 0);
      } catch (error) {
        faults.push(String(error));
      }
    }
  })();
  return {
    seen,
    faults,
    stop: async () => {
      end.abort();
      await watching;
    },
  };
}

async function startKillable(maker: Maker, config: string, place: string): Promise<[ServiceProcess, ServiceClient]> {
  const service = await startServiceProcess(maker, config, { DATABASE_URL: maker.databaseUrl }, [
    KILLED,
    'SIGKILL',
    place,
  ]);
  return [service, await new ServiceClient(service.url).active()];
}

/** Arms it, lets it work until it dies, however far the requests get. */
async function killedWhile({ child }: ServiceProcess, work: () => Promise<unknown>): Promise<void> {
  process.kill(child.pid, 'SIGUSR2');
  await Promise.allSettled([work()]);
  expect(await child.ended).toBe(null);
}

const versionsOn = async (maker: Maker) =>
  (await maker.server.admin.get<{ items: ReleaseView[] }>('/releases')).items.map(r => r.version);

test('goes on after a kill at any place of a publication', { timeout: 600_000 }, async () => {
  await using maker = await openMaker();
  const config = await maker.configure();
  let [service, client] = await startKillable(maker, config, 'nowhere');
  await client.settled((await client.submit(await maker.build({ version: '0', bytes: 'the first' }))).id);
  await service.child.stop();

  const device = watchingClient(maker);
  let last: Built | undefined;
  for (const [i, place] of PLACES.entries()) {
    [service, client] = await startKillable(maker, config, place);
    // What the killed one left behind is brought to its end, also where CI gave up and asks again only now.
    if (last) await client.settled((await client.submit(last)).id);
    const built = await maker.build({ version: `1.${i}`, bytes: `image ${place}` });
    last = built;
    await killedWhile(service, () => client.submit(built));
  }
  [service, client] = await startKillable(maker, config, 'nowhere');
  if (last) expect(await client.settled((await client.submit(last)).id)).toMatchObject({ state: 'published' });
  await service.child.stop();
  await device.stop();

  expect(device.faults).toEqual([]);
  expect(device.seen).toEqual(device.seen.toSorted((a, b) => a - b));
  expect((await versionsOn(maker)).toSorted()).toEqual(['0', ...PLACES.map((_, i) => `1.${i}`)].toSorted());
  expect(await readdir(join(maker.repositoryDir, 'service', 'uploads'))).toEqual([]);
  const audit = await runToEnd([SIGNER_CLI, 'audit', 'verify', '--repo', maker.repositoryDir]);
  expect([audit.code, audit.stderr]).toEqual([0, '']);
});

test('what waits for a person waits after a kill, and a signature that came is not lost', {
  timeout: 300_000,
}, async () => {
  await using maker = await openMaker();
  const config = await maker.configure();
  const built = await maker.build({ version: '1', bytes: 'waits', channel: 'stable' });
  let [service, client] = await startKillable(maker, config, 'submit:adopted');
  await killedWhile(service, () => client.submit(built));

  [service, client] = await startKillable(maker, config, 'signature:added');
  const waiting = await client.submit(built);
  expect(waiting).toMatchObject({ state: 'waiting', missing: 1 });
  const repository = await Repository.open(maker.repositoryDir);
  const signature = await repository.signDetached('p-gw2-stable', maker.keys.ada.signer);
  await killedWhile(service, () => client.ask('POST', `/submissions/${waiting.id}/signatures`, signature));

  [service, client] = await startKillable(maker, config, 'nowhere');
  expect(await client.settled(waiting.id)).toMatchObject({ state: 'published' });
  await until('the release to be visible', async () => ((await versionsOn(maker)).includes('1') ? true : undefined));
  await service.child.stop();
});
