import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { DEFAULT_FLEET_CONFIG, type FleetConfig, UNHURRIED } from './fleet-config.ts';
import { type TestApp, testApp, testClaimTokens, testDeviceKey } from '../testing/test-app.ts';
import { addressKey } from './load-control.ts';

let app: TestApp;
afterEach(() => app.close());

const checkIn = {
  agentVersion: '1.0.0',
  hardware: 'gw2-a',
  channel: 'stable',
  bootId: 'a'.repeat(32),
  components: [{ component: 'app', version: '1.0.0', counter: 1 }],
};
const report = { id: '1'.repeat(32), state: 'failed', code: 'network', at: '2026-01-01T00:00:00Z' };

async function enrolled() {
  const [claimToken = ''] = await testClaimTokens(app, 1);
  const key = testDeviceKey();
  const enrolment = await app.device('POST', '/enrol', { body: key.enrolment(claimToken) });
  const { deviceId } = enrolment.json as { deviceId: string };
  const token = async () => {
    const { nonce } = (await app.device('GET', '/nonce')).json as { nonce: string };
    const answer = await app.device('POST', '/token', { body: key.assertion(deviceId, nonce) });
    return (answer.json as { accessToken: string }).accessToken;
  };
  return { deviceId, token };
}
const open = async (fleet: Partial<FleetConfig>) => {
  app = await testApp({ ...UNHURRIED, ...fleet });
};

it('serves so many check-ins a second and tells the others to come later, each at another time', async () => {
  await open({ checkInsPerSecond: 3, pollSeconds: 600 });
  const device = await enrolled();
  const token = await device.token();
  app.clock.advance(600);
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => app.device('POST', '/check-in', { token, body: checkIn })),
  );
  const served = answers.filter(a => a.status === 200);
  const shed = answers.filter(a => a.status === 503);
  expect(served.length).toBeGreaterThanOrEqual(3);
  expect(served.length).toBeLessThanOrEqual(8);
  expect(served.length + shed.length).toBe(40);
  expect(shed[0]?.json).toMatchObject({ code: 'overloaded', detail: expect.stringContaining('Retry-After') });
  const pauses = shed.map(a => Number(a.headers['retry-after']));
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(600);
  expect(new Set(pauses).size).toBeGreaterThan(10);
});

it('lets a device that got its nonce within the budget go all the way to its check-in, and its reports always', async () => {
  await open({ checkInsPerSecond: 2 });
  const device = await enrolled();
  const token = await device.token();
  for (let i = 0; i < 10; i++) {
    expect((await app.device('POST', '/check-in', { token, body: checkIn })).status).toBe(200);
    const id = i.toString(16).padStart(32, '0');
    const reports = { token, body: { reports: [{ ...report, id }] } };
    expect((await app.device('POST', '/reports', reports)).status).toBe(200);
  }
  const nonces = await Promise.all(Array.from({ length: 10 }, () => app.device('GET', '/nonce')));
  expect(nonces.filter(a => a.status === 503).length).toBeGreaterThan(5);
});

it('limits a device by itself, by its token', async () => {
  await open({ deviceRequestsPerMinute: 10 });
  const [loud, quiet] = [await enrolled(), await enrolled()];
  const [loudToken, quietToken] = [await loud.token(), await quiet.token()];
  const ask = (token: string) => app.device('POST', '/check-in', { token, body: checkIn });
  for (let i = 0; i < 10; i++) expect((await ask(loudToken)).status).toBe(200);
  const refused = await ask(loudToken);
  expect([refused.status, refused.json, Number(refused.headers['retry-after'])]).toEqual([
    429,
    expect.objectContaining({ code: 'too-many-requests' }),
    expect.toSatisfy((s: number) => s >= 1 && s <= 6),
  ]);
  expect((await ask(quietToken)).status).toBe(200);
});

it('limits an address without a token, by the word of a proxy beside it, and answers health whatever comes', async () => {
  await open({ addressRequestsPerMinute: 10 });
  const ask = (address: string) => app.device('GET', '/nonce', { headers: { 'x-forwarded-for': address } });
  for (let i = 0; i < 10; i++) expect((await ask('192.0.2.7')).status).toBe(200);
  expect((await ask('192.0.2.7')).status).toBe(429);
  expect((await ask('192.0.2.8')).status).toBe(200);
  for (let i = 0; i < 30; i++) expect((await app.device('GET', '//livez')).status).toBe(200);
});

it('takes an IPv6 subscriber for one asker', async () => {
  await open(DEFAULT_FLEET_CONFIG);
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
  expect([addressKey('2001:db8::1'), addressKey('::1'), addressKey('2001:db8:1::')]).toEqual([
    '2001:db8:0:0',
    '0:0:0:0',
    '2001:db8:1:0',
  ]);
  expect(addressKey('192.0.2.1')).toBe('192.0.2.1');
});

it('takes all that a proxy passes on and that is no address for one asker, however long it is', async () => {
  await open({ ...DEFAULT_FLEET_CONFIG, addressRequestsPerMinute: 10 });
  const ask = (address: string) => app.device('GET', '/nonce', { headers: { 'x-forwarded-for': address } });
  for (let i = 0; i < 10; i++) expect((await ask(`${i}${'x'.repeat(8000)}`)).status).toBe(200);
  expect((await ask('unknown')).status).toBe(429);
  expect((await ask('192.0.2.7')).status).toBe(200);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.ipV6(),
        fc.string().map(zone => `::ffff:192.0.2.1%${zone}`),
      ),
      text => {
        expect(addressKey(text).length).toBeLessThanOrEqual('ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'.length);
      },
    ),
  );
});
