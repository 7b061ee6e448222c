import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { PROBLEM_MEDIA_TYPE } from '@tidegate/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { asServerError } from './problem-handler.ts';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await testApp();
  token = await app.apiToken('admin');
});
afterAll(() => app.close());

const post = (body: object | string, headers: Record<string, string> = {}) =>
  app.admin('POST', '/claim-tokens', { token, body, headers });

it('names the unknown field, the missing field and the field of a wrong type', async () => {
  const faults = [
    [{ product: 'gw2', count: 1, colour: 'red' }, '/colour'],
    [{ product: 'gw2' }, '/count'],
    [{ product: 'gw2', count: '1' }, '/count'],
    [{ product: 'GW2', count: 1 }, '/product'],
    [[], ''],
  ] as const;
  for (const [body, path] of faults) {
    expect(await post(body)).toMatchObject({ status: 400, json: { code: 'invalid-input', status: 400, path } });
  }
});

it('answers what it cannot read, take or find with problem details, never with a stack', async () => {
  const json = { 'content-type': 'application/json' };
  const answers = await Promise.all([
    post('{"product":', json),
    post('', json),
    post('{"__proto__":{}}', json),
    post('product=gw2', { 'content-type': 'application/x-www-form-urlencoded' }),
    post(JSON.stringify({ product: 'x'.repeat(1024 * 1024) }), json),
    app.admin('GET', '/nothing', { token }),
    app.device('GET', '//../../etc/passwd'),
    app.device('GET', '//%zz'),
  ]);
  expect(answers.map(a => a.status)).toEqual([400, 400, 400, 415, 413, 404, 404, 400]);
  for (const { headers, json, bytes } of answers) {
    expect(headers['content-type']).toMatch(PROBLEM_MEDIA_TYPE);
    expect(json).toMatchObject({ code: expect.any(String) });
    expect(bytes.toString()).not.toMatch(/node_modules|\.ts:/);
  }
});

it('takes a number in a query string as a number, and refuses what is none', async () => {
  expect((await app.admin('GET', '/devices?limit=5', { token })).status).toBe(200);
  for (const [query, path] of [
    ['limit=many', '/limit'],
    ['limit=0', '/limit'],
    ['colour=red', '/colour'],
  ]) {
    const answer = await app.admin('GET', `/devices?${query}`, { token });
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid-input', path } });
  }
});

it('tells readiness by what it can reach', async () => {
  expect(await app.device('GET', '//livez')).toMatchObject({ status: 200 });
  expect(await app.admin('GET', '//readyz')).toMatchObject({ status: 200, json: { database: true, rollouts: true } });
});

it('keeps the listeners apart: the device listener knows no admin route, and the other way round', async () => {
  expect((await app.device('GET', '//api/admin/v1/devices', { token })).status).toBe(404);
  expect((await app.admin('GET', '//api/device/v1/nonce', { token })).status).toBe(404);
});

it('hangs up on what is not HTTP, and goes on', async () => {
  await app.apps.device.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.apps.device.server.address() as AddressInfo;
  const said = await new Promise<string>(done => {
    const socket = connect(port, '127.0.0.1', () => socket.end('\u0016\u0003\u0001 not HTTP\r\n\r\n'));
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('close', () => done(text));
  });
  expect(said).toMatch(/^HTTP\/1\.1 400 /);
  expect((await app.device('GET', '//livez')).status).toBe(200);
});

it('does not take a sender that hangs up for a database that is gone', () => {
  const reset = (message: string) =>
    asServerError(Object.assign(new Error(message), { code: 'ECONNRESET', name: 'Error' }));
  expect(reset('aborted')).toMatchObject({ code: 'bad-request' });
  expect(reset('read ECONNRESET')).toMatchObject({ code: 'unavailable' });
});

it('tells a device to come again where the connection to the database has just broken', () => {
  const words = [
    'Client has encountered a connection error and is not queryable',
    'Connection terminated unexpectedly',
  ];
  for (const word of words) {
    expect(asServerError(Object.assign(new Error(word), { code: '' }) as never)).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 5,
    });
  }
});
