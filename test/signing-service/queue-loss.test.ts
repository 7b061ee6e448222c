/** The queue's Redis goes and comes back under a service whose lock is in PostgreSQL. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase, startRedis } from '@tidegate/server/testing';
import { expect, test, vi } from 'vitest';
import { freePorts } from '../src/free-port.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { openMaker, servedVersion, ServiceClient, startServiceProcess } from './maker.ts';

// Several starts of processes, each of which a busy machine draws out.
vi.setConfig({ testTimeout: 300_000 });

test('while Redis is gone, timestamps are refreshed without it, which is told, as is its return', async () => {
  await using maker = await openMaker();
  const lock = await emptyDatabase();
  await using folder = await tempFolder();
  const [port = 0] = await freePorts(1);
  const redis = await startRedis(folder.path, port);
  const config = await maker.configure({ refreshSeconds: 1 });
  const service = await startServiceProcess(maker, config, { DATABASE_URL: lock.url, REDIS_URL: redis.url });
  await new ServiceClient(service.url).active();
  await until('a timestamp to be served', () => servedVersion(maker));
  await redis.kill();
  const log = () => readFile(join(maker.dir, 'service.log'), 'utf8');
  const told = (words: string) =>
    until(`the log to say "${words}"`, async () => ((await log()).includes(words) ? true : undefined));
  await told('no job came from the queue');
  expect(await (await fetch(`${service.url}/healthz`)).json()).toMatchObject({ queued: false });
  const before = await servedVersion(maker);
  await until('refreshes without it', async () => ((await servedVersion(maker)) >= before + 2 ? true : undefined));
  const again = await startRedis(folder.path, port);
  await told('jobs come from the queue again');
  await service.child.stop();
  await again.kill();
  await lock.drop();
});
