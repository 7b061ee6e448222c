/** Devices that hold an event stream of a real server: what they hear of, and what they are not bothered with. */
import { DEVICE_API } from '@tidegate/protocol';
import { openDatabase } from '@tidegate/server';
import { emptyDatabase, seedId, seedRelease } from '@tidegate/server/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { until } from '../src/until.ts';
import { ask, type EnrolledDevice, enrolDevice } from './enrolled-device.ts';

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

/** Holds a stream open, and counts the events that came over it. */
async function listen({ accessToken }: EnrolledDevice) {
  const response = await fetch(`${server.server.deviceUrl}${DEVICE_API}/events`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([
    200,
    'text/event-stream',
    'no-store',
  ]);
  const heard = { text: '' };
  const text = new TextDecoder();
  const ended = (async () => {
    for await (const piece of response.body ?? []) heard.text += text.decode(piece, { stream: true });
  })();
  const events = () => heard.text.split('event: check-in').length - 1;
  return { ended, heard, events };
}

test('devices hear of a rollout that opens for them, those at work of its stop, all when to come again', async () => {
  await server.admin.post('/products', { name: 'gw' });
  const [atWork, atRest] = [await enrolDevice(server, 'gw'), await enrolDevice(server, 'gw')];
  const db = openDatabase(database.url, pino({ level: 'silent' }));
  const { target } = await seedRelease(db, 2);
  await db.destroy();
  const streams = [await listen(atWork), await listen(atRest)] as const;

  const rollout = await server.admin.post<{ id: string }>('/rollouts', { target, phases: [{ basisPoints: 10_000 }] });
  await until('both to hear that it opens', () => (streams.every(s => s.events() === 1) ? true : undefined));
  const facts = { agentVersion: '0.1.0', hardware: 'gw-a', channel: 'stable', bootId: seedId('boot') };
  const body = { ...facts, components: [{ component: 'app', version: '1.1.0', counter: 1 }] };
  const answer = await ask(server, 'POST', '/check-in', body, { authorization: `Bearer ${atWork.accessToken}` });
  expect(answer.json).toMatchObject({ offer: { rolloutId: rollout.id } });
  await server.admin.post(`/rollouts/${rollout.id}/stop`);
  await until('the one at work to hear of the stop', () => (streams[0].events() === 2 ? true : undefined));

  await server.server.close();
  await Promise.all(streams.map(s => s.ended));
  expect(streams.map(s => s.events())).toEqual([2, 1]);
  for (const { heard } of streams) expect(heard.text).toMatch(/retry: \d+\n\n$/);
});
