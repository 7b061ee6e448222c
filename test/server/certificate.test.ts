/** Enrolment by certificate over real TLS: what the handshake proves, and what the server makes of it. */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { DEVICE_API } from '@tidegate/protocol';
import {
  emptyDatabase,
  testAuthority,
  type TestCertificate,
  testCertificate,
  testDeviceCertificate,
} from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { type TlsFiles, writeTlsFiles } from '../src/tls-files.ts';

const maker = testAuthority('Maker CA', { kind: 'P-256' });
const cameraMaker = testAuthority('Camera CA');

let closing: AsyncDisposableStack;
let server: OwnServer;
let tls: TlsFiles;
let ca: string;
beforeAll(async () => {
  closing = new AsyncDisposableStack();
  tls = await writeTlsFiles(closing.use(await tempFolder('tidegate-tls')).path);
  ca = await readFile(tls.ca, 'utf8');
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  server = closing.use(await startOwnServer({ databaseUrl: database.url, root: new RepoSim().root(), tls }));
  for (const [name, authority] of [
    ['gw2', maker],
    ['cam1', cameraMaker],
  ] as const) {
    await server.admin.post('/products', { name });
    await server.admin.post('/certificate-authorities', { product: name, certificate: authority.pem });
  }
});
afterAll(() => closing.disposeAsync());

interface Answer {
  readonly status: number | undefined;
  readonly json: Record<string, string>;
  readonly resumed: boolean;
}

function agentWith(certificate: TestCertificate | undefined, more: object = {}): Agent {
  const identity = certificate ? { cert: certificate.pem, key: certificate.keyPem } : {};
  const agent = new Agent({ ca, ...identity, ...more });
  closing.defer(async () => agent.destroy());
  return agent;
}

function enrol(agent: Agent, product = 'gw2'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = `${server.server.deviceUrl}${DEVICE_API}/enrol-certificate`;
    const headers = { 'content-type': 'application/json' };
    const outgoing = request(url, { method: 'POST', agent, headers }, incoming => {
      const socket = incoming.socket as TLSSocket;
      const resumed = socket.isSessionReused();
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode, json: JSON.parse(text) as Record<string, string>, resumed }),
      );
    });
    outgoing.on('error', reject).end(JSON.stringify({ product }));
  });
}

test.each([
  ['Ed25519', 'TLSv1.3'],
  ['P-256', 'TLSv1.3'],
  ['P-256', 'TLSv1.2'],
] as const)(
  'a device with a certificate for a key of kind %s enrols over %s, again and again',
  async (kind, version) => {
    const certificate = testDeviceCertificate(maker, { kind });
    const agent = agentWith(certificate, { minVersion: version, maxVersion: version });
    const first = await enrol(agent);
    expect(first).toMatchObject({ status: 200, json: { product: 'gw2' } });
    expect((await enrol(agentWith(certificate))).json).toEqual(first.json);
    expect(await server.admin.get(`/devices/${first.json['deviceId']}`)).toMatchObject({ enrolledBy: 'certificate' });
  },
);

test('a resumed session still shows whose it is', async () => {
  const agent = agentWith(testDeviceCertificate(maker));
  const first = await enrol(agent);
  const second = await enrol(agent);
  expect([first.resumed, second.resumed]).toEqual([false, true]);
  expect(second).toMatchObject({ status: 200, json: first.json });
});

test('strangers, expired and other products are refused, each with its code', async () => {
  const past = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
  const refusals = [
    [undefined, 401, 'certificate-needed'],
    [testCertificate({ name: 'device' }), 403, 'certificate-invalid'],
    [testDeviceCertificate(testAuthority('Maker CA', { kind: 'P-256' })), 403, 'certificate-invalid'],
    [testDeviceCertificate(maker, past), 403, 'certificate-expired'],
    [testDeviceCertificate(cameraMaker), 403, 'certificate-wrong-product'],
    [maker, 403, 'certificate-invalid'],
  ] as const;
  for (const [certificate, status, code] of refusals) {
    expect(await enrol(agentWith(certificate))).toMatchObject({ status, json: { code } });
  }
});

test('an authority that is taken away vouches for nobody more; who enrolled by it stays', async () => {
  const authority = testAuthority('Short CA');
  const { sha256 } = await server.admin.post<{ sha256: string }>('/certificate-authorities', {
    product: 'gw2',
    certificate: authority.pem,
  });
  const early = await enrol(agentWith(testDeviceCertificate(authority)));
  expect(early).toMatchObject({ status: 200 });
  await server.admin.remove(`/certificate-authorities/gw2/${sha256}`);
  const late = await enrol(agentWith(testDeviceCertificate(authority)));
  expect(late).toMatchObject({ status: 403, json: { code: 'certificate-invalid' } });
  expect(await server.admin.get(`/devices/${early.json['deviceId']}`)).toMatchObject({ revokedAt: null });
});

test('a revoked device does not come back by its certificate', async () => {
  const certificate = testDeviceCertificate(maker);
  const { json } = await enrol(agentWith(certificate));
  await server.admin.post(`/devices/${json['deviceId']}/revoke`);
  expect(await enrol(agentWith(certificate))).toMatchObject({ status: 403, json: { code: 'device-revoked' } });
});
