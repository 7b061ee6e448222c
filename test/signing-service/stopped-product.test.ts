/** One product's list expires. Its own devices say so; another product's go on, from CI to the update. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Repository } from '@tidegate/signer';
import { expect, test } from 'vitest';
import { DAY_MS, deviceUnderAttack } from '../src/attacked-device.ts';
import { makeTestClock } from '../src/victim.ts';
import { until } from '../src/until.ts';
import { type Maker, openMaker, ServiceClient, startServiceProcess } from './maker.ts';

const SHIFTED = fileURLToPath(new URL('shifted-service.ts', import.meta.url));
const NONE = { installed: {} };

async function startAt(maker: Maker, config: string, days: number) {
  const env = { DATABASE_URL: maker.databaseUrl };
  const service = await startServiceProcess(maker, config, env, [SHIFTED, String(days)]);
  return { service, client: await new ServiceClient(service.url).active() };
}

test('a product whose list has expired stops for its own devices, and for nobody else', {
  timeout: 300_000,
}, async () => {
  const time = makeTestClock(Date.now());
  await using maker = await openMaker({ clock: { now: () => new Date(time.nowMs) } });
  const repository = await Repository.open(maker.repositoryDir);
  await repository.renew('p-cam1-beta', { days: 1 });
  await repository.sign('p-cam1-beta', maker.keys.ci.signer);
  const config = await maker.configure();
  const deviceOf = async (product: string) =>
    deviceUnderAttack({
      root: await readFile(maker.rootFile),
      product,
      channel: 'beta',
      sources: [maker.server.server.deviceUrl],
      clock: time,
      builtAtMs: time.nowMs - DAY_MS,
    });
  await using camera = await deviceOf('cam1');
  await using gateway = await deviceOf('gw2');

  const today = await startAt(maker, config, 0);
  await today.client.settled((await today.client.submit(await maker.build({ version: '1', bytes: 'one' }))).id);
  for (const device of [camera, gateway]) await device.trust.refresh();
  await today.service.child.stop();

  time.pass(2 * DAY_MS);
  const { service, client } = await startAt(maker, config, 2);
  await client.settled((await client.submit(await maker.build({ version: '2', bytes: 'two' }))).id);
  expect((await gateway.update('gw2/beta/app/2/app.img', NONE)).toString()).toBe('two');
  await camera.refuses('metadata-expired', () => camera.trust.refresh());

  const stopped = [{ role: 'p-cam1-beta', code: 'expired', detail: expect.stringContaining('expired at') }];
  const health = await fetch(`${service.url}/healthz`);
  expect([health.status, await health.json()]).toEqual([503, expect.objectContaining({ trouble: null, stopped })]);
  const figures = await (await fetch(`${service.url}/metrics`)).text();
  expect(figures).toContain('tidegate_signer_role_stopped{role="p-cam1-beta"} 1');
  expect(figures).toContain('tidegate_signer_role_stopped{role="p-gw2-beta"} 0');
  expect(await readFile(join(maker.dir, 'service.log'), 'utf8')).toContain('its devices install nothing new');

  const mended = await maker.build({ version: '3', bytes: 'three', product: 'cam1' });
  await client.settled((await client.submit(mended)).id);
  expect((await camera.update('cam1/beta/app/3/app.img', NONE)).toString()).toBe('three');
  await until('the health to be told as good', async () =>
    (await fetch(`${service.url}/healthz`)).status === 200 ? true : undefined,
  );
  await service.child.stop();
});
