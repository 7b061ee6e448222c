/** Bad input from a device that may come in: told with its place, nothing of it stored, and the next good word counts. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { type CheckInRequest, DEVICE_API, LIMITS, PROBLEM_MEDIA_TYPE, type Report } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type Answer, ask, type EnrolledDevice, enrolDevice } from './enrolled-device.ts';

let database: Awaited<ReturnType<typeof emptyDatabase>>;
let server: OwnServer;
let device: EnrolledDevice;
beforeAll(async () => {
  database = await emptyDatabase();
  server = await startOwnServer({ databaseUrl: database.url, root: new RepoSim().root() });
  await server.admin.post('/products', { name: 'gw2' });
  device = await enrolDevice(server, 'gw2');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

const checkIn: CheckInRequest = {
  agentVersion: '1.0.0',
  hardware: 'gw2-a',
  channel: 'stable',
  bootId: 'a'.repeat(32),
  components: [{ component: 'app', version: '1.0.0', counter: 1 }],
};
const report: Report = { id: '1'.repeat(32), state: 'failed', code: 'network', at: '2026-11-24T00:00:00Z' };

function say(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(server, 'POST', path, body, { authorization: `Bearer ${device.accessToken}`, ...headers });
}

async function reportsOf(deviceId: string): Promise<unknown[]> {
  return (await server.admin.get<{ items: unknown[] }>(`/devices/${deviceId}/reports`)).items;
}

test.each([
  ['an unknown field', { colour: 'red' }, '/colour'],
  ['an unknown field within', { components: [{ ...checkIn.components[0], slot: 'a' }] }, '/components/0/slot'],
  ['a wrong type', { components: 'app' }, '/components'],
  ['a number as text', { components: [{ component: 'app', version: '1', counter: '1' }] }, '/components/0/counter'],
  [
    'a counter that no number holds',
    { components: [{ component: 'app', version: '1', counter: 2 ** 53 }] },
    '/counter',
  ],
  ['an id that is none', { bootId: 'A'.repeat(32) }, '/bootId'],
  ['a name that climbs', { hardware: '../gw2' }, '/hardware'],
  ['too many components', { components: Array.from({ length: 17 }, () => checkIn.components[0]) }, '/components'],
  ['an attribute that is no text', { attributes: { site: 7 } }, '/attributes/site'],
  ['an attribute with a name that is none', { attributes: { Site: 'north' } }, '/attributes/Site'],
  ['an unknown state', { update: { rolloutId: '0'.repeat(32), attempt: 1, state: 'napping' } }, '/update/state'],
])('answers a check-in with %s with 400 and its place', async (_what, change, at) => {
  const { status, mediaType, json } = await say('/check-in', { ...checkIn, ...change });
  expect([status, mediaType, json['code']]).toEqual([
    400,
    expect.stringContaining(PROBLEM_MEDIA_TYPE),
    'invalid-input',
  ]);
  expect(json['path']).toMatch(new RegExp(`${at}$`));
});

test.each([
  ['an unknown field', { colour: 'red' }, '/reports/1/colour'],
  ['an unknown state', { state: 'napping' }, '/reports/1/state'],
  ['an unknown code', { code: 'because' }, '/reports/1/code'],
  ['a time that is none', { at: 'yesterday' }, '/reports/1/at'],
  ['a detail without end', { detail: 'x'.repeat(LIMITS.detailChars + 1) }, '/reports/1/detail'],
])('refuses reports of which one has %s, and stores none of them', async (_what, change, at) => {
  const bad = { ...report, id: '2'.repeat(32), ...change };
  const answer = await say('/reports', { reports: [report, bad] });
  expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-input', path: at } });
  expect(await reportsOf(device.deviceId)).toEqual([]);
});

test.each([
  ['/check-in', checkIn, LIMITS.checkInBytes],
  ['/reports', { reports: [report] }, LIMITS.reportsBytes],
])('answers %s that is no JSON, too long, or of another type', async (path, body, bytes) => {
  const poisoned = ['__proto__', 'constructor'].map(name =>
    JSON.stringify(body).replace('{', `{"${name}":{"prototype":{"admin":true}},`),
  );
  for (const text of ['{', '', '{"__proto__":{}}', 'null', ...poisoned]) {
    expect((await say(path, text)).status).toBe(400);
  }
  const long = JSON.stringify({ ...body, padding: 'x'.repeat(bytes) });
  expect(await say(path, long)).toMatchObject({ status: 413, json: { code: 'body-too-large' } });
  const form = await say(path, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' });
  expect(form).toMatchObject({ status: 415, json: { code: 'unsupported-media-type' } });
  expect(await reportsOf(device.deviceId)).toEqual([]);
});

/** The server's answer to a request whose body begins so and never ends. */
async function answerToEndless(path: string, headers: Record<string, string>, begin: string) {
  const url = `${server.server.deviceUrl}${DEVICE_API}${path}`;
  const authorization = `Bearer ${device.accessToken}`;
  const sent = request(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', ...headers },
  });
  sent.on('error', () => undefined);
  if (begin === '') sent.flushHeaders();
  else sent.write(begin);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const problem: unknown = await json(answer);
  sent.destroy();
  return [answer.statusCode, problem];
}

test.each(['/enrol', '/token', '/check-in', '/reports'])(
  'refuses a body of 10 MB to %s before it has come: by its announced length, else where it goes beyond the limit',
  async path => {
    const tooLarge = [413, expect.objectContaining({ code: 'body-too-large' })];
    expect(await answerToEndless(path, { 'content-length': String(10 * 1024 * 1024) }, '')).toEqual(tooLarge);
    const beyond = 'x'.repeat(Math.max(LIMITS.checkInBytes, LIMITS.reportsBytes) + 1);
    expect(await answerToEndless(path, { 'transfer-encoding': 'chunked' }, beyond)).toEqual(tooLarge);
    expect(await say('/check-in', checkIn)).toMatchObject({ status: 200 });
  },
);

test('takes what is right from the same device afterwards, and a report that comes again once', async () => {
  const answer = await say('/check-in', checkIn);
  expect(answer).toMatchObject({ status: 200, json: { offer: null, stop: [], pollAfterSeconds: expect.any(Number) } });
  const acknowledged = { json: { acknowledged: [report.id] } };
  expect(await say('/reports', { reports: [report] })).toMatchObject(acknowledged);
  expect(await say('/reports', { reports: [report] })).toMatchObject(acknowledged);
  expect(await reportsOf(device.deviceId)).toHaveLength(1);
});
