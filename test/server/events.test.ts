/** A device that holds an event stream of a real server: it hears of what opens and of a stop, and of the server's end. */
import { DEVICE_API } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { emptyDatabase, seedRelease } from '@tidegate/server/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { until } from '../src/until.ts';
import { enrolDevice } from './enrolled-device.ts';

let database: Awaited<ReturnType<typeof emptyDatabase>>;
let server: OwnServer;
beforeAll(async () => {
  database = await emptyDatabase();
  server = await startOwnServer({ databaseUrl: database.url, root: new RepoSim().root() });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

test('is not for those without a token', async () => {
  expect((await fetch(`${server.server.deviceUrl}${DEVICE_API}/events`)).status).toBe(401);
});

test('hears of a rollout that opens for it, of its stop, and when to come again as the server ends', async () => {
  await server.admin.post('/products', { name: 'gw2' });
  const device = await enrolDevice(server, 'gw2');
  const db = openDatabase(database.url, pino({ level: 'silent' }));
  const { target } = await seedRelease(db, 2, { product: 'gw2' });
  await db.destroy();

  const response = await fetch(`${server.server.deviceUrl}${DEVICE_API}/events`, {
    headers: { authorization: `Bearer ${device.accessToken}` },
  });
  expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream',
    'no-store',
  ]);
  const pieces: string[] = [];
  const ended = (async () => {
    const text = new TextDecoder();
    for await (const piece of response.body ?? []) pieces.push(text.decode(piece));
  })();
  const events = (count: number) =>
    until(`${count} events`, () => (pieces.join('').split('event: check-in').length > count ? true : undefined));

  const rollout = await server.admin.post<{ id: string }>('/rollouts', { target, phases: [{ basisPoints: 10_000 }] });
  await events(1);
  await server.admin.post(`/rollouts/${rollout.id}/stop`);
  await events(2);
  await server.server.close();
  await ended;
  expect(pieces.join('')).toMatch(/retry: \d+\n\n$/);
});
