/** Real agents enrol at a real server over TLS, in each way that there is, and come back with their key alone. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPublicKey } from 'node:crypto';
import type { ClaimTokensAnswer, DeviceView, UploadReport } from '@tidegate/protocol';
import { emptyDatabase, testAuthority, testDeviceCertificate } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runToEnd } from '../src/child.ts';
import { AGENT_CLI, type Device, type DevicePlan, manufacture } from '../src/device.ts';
import { freePorts } from '../src/free-port.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { type TlsFiles, writeTlsFiles } from '../src/tls-files.ts';
import { until } from '../src/until.ts';

const maker = testAuthority('Maker CA');

let closing: AsyncDisposableStack;
let folder: string;
let tls: TlsFiles;
let server: ServerProcess;
beforeAll(async () => {
  closing = new AsyncDisposableStack();
  folder = closing.use(await tempFolder('tidegate-enrol')).path;
  tls = await writeTlsFiles(folder);
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  const trustedRoot = join(folder, '1.root.json');
  await writeFile(trustedRoot, new RepoSim().root());
  const data = join(folder, 'server');
  const plan = { data, trustedRoot, tls, pollSeconds: 60, gateTickSeconds: 60, databaseUrl: database.url };
  server = await startServerProcess(plan);
  closing.defer(async () => void (await server.child.stop()));
  for (const name of ['gw2', 'cam1']) await server.admin.post('/products', { name });
  await server.admin.post('/certificate-authorities', { product: 'gw2', certificate: maker.pem });
});
afterAll(() => closing.disposeAsync());

async function newDevice(name: string, more: Partial<DevicePlan> = {}): Promise<Device> {
  const [servicePort = 0] = await freePorts(1);
  return manufacture({
    name,
    folder: join(folder, name),
    socketFolder: closing.use(await tempFolder('tg')).path,
    product: 'gw2',
    hardware: 'gw2-a',
    serverUrl: server.deviceUrl,
    caFile: tls.ca,
    rootFile: join(folder, '1.root.json'),
    builtAt: '2026-01-01T00:00:00Z',
    servicePort,
    ...more,
  });
}

const agent = (device: Device, ...args: string[]) => runToEnd([AGENT_CLI, ...args, '--config', device.configFile]);

async function keyOf(device: Device, kind: string): Promise<string> {
  const { stdout } = await agent(device, 'key', '--kind', kind, '--json');
  return (JSON.parse(stdout) as { publicKey: string }).publicKey;
}

async function certify(device: Device, kind: string): Promise<string> {
  const key = Buffer.from(await keyOf(device, kind), 'base64url');
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  const file = join(device.plan.folder, 'device.pem');
  // An authority certifies the public half; the private one never leaves the device.
  await writeFile(file, testDeviceCertificate(maker, { publicKey }).pem);
  return file;
}

async function enrol(device: Device, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await agent(device, 'enrol', ...args, '--auto', 'on', '--json');
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { deviceId: string }).deviceId;
}

/** It proves itself by its key and checks in. */
async function comesBack(device: Device, deviceId: string): Promise<DeviceView> {
  await agent(device, 'run', '--once', '--stop-service');
  return until(`the first check-in of ${device.name}`, async () => {
    const view = await server.admin.get<DeviceView>(`/devices/${deviceId}`);
    return view.lastSeenAt === null ? undefined : view;
  });
}

test.each(['ed25519', 'p256'])('by a certificate for its %s key, which it needs no more afterwards', async kind => {
  const device = await newDevice(`certified-${kind}`);
  const certificate = await certify(device, kind);
  const deviceId = await enrol(device, '--certificate', certificate);
  expect(await enrol(device, '--certificate', certificate)).toBe(deviceId);
  await rm(certificate);
  expect(await comesBack(device, deviceId)).toMatchObject({ enrolledBy: 'certificate', hardware: 'gw2-a', alarms: [] });
});

test.each(['ed25519', 'p256'])('by its %s key that the factory registered', async kind => {
  const device = await newDevice(`registered-${kind}`);
  const { stdout: line } = await agent(device, 'key', '--kind', kind, '--csv', 'tray "7", 3');
  const answer = await fetch(`${server.adminUrl}/api/admin/v1/device-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'text/csv' },
    body: `product,publicKey,label\n${line}`,
  });
  expect((await answer.json()) as UploadReport).toEqual({ added: 1, unchanged: 0, refused: [] });
  const deviceId = await enrol(device, '--registered-key');
  expect(await comesBack(device, deviceId)).toMatchObject({ enrolledBy: 'public-key' });
});

test('by a claim token, and by none for another product, which stays good', async () => {
  const { tokens } = await server.admin.post<ClaimTokensAnswer>('/claim-tokens', { product: 'gw2', count: 1 });
  const tokenFile = join(folder, 'claim-token');
  await writeFile(tokenFile, tokens[0] ?? '', { mode: 0o600 });
  const camera = await newDevice('camera', { product: 'cam1' });
  const { code, stderr } = await agent(camera, 'enrol', '--claim-token-file', tokenFile);
  expect([code, stderr]).toEqual([1, expect.stringContaining('wrong-product')]);
  const device = await newDevice('claimed');
  const deviceId = await enrol(device, '--claim-token-file', tokenFile);
  expect(await comesBack(device, deviceId)).toMatchObject({ enrolledBy: 'claim-token' });
});

test('not by a certificate of strangers, nor by one for another key', async () => {
  const device = await newDevice('strange');
  const key = Buffer.from(await keyOf(device, 'ed25519'), 'base64url');
  const publicKey = createPublicKey({ key, format: 'der', type: 'spki' });
  const file = join(folder, 'strange.pem');
  await writeFile(file, testDeviceCertificate(testAuthority('Maker CA'), { publicKey }).pem);
  const stranger = await agent(device, 'enrol', '--certificate', file);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('certificate-invalid')]);
  await writeFile(file, testDeviceCertificate(maker).pem);
  const otherKey = await agent(device, 'enrol', '--certificate', file);
  expect([otherKey.code, otherKey.stderr]).toEqual([1, expect.stringContaining('not for the key of this device')]);
});

test('not at a server that the pinned authority does not vouch for, nor in plain text', async () => {
  const otherCa = join(folder, 'other-ca.pem');
  await writeFile(otherCa, testAuthority('Update CA').pem);
  const pinned = await newDevice('pinned', { caFile: otherCa });
  const plain = await newDevice('plain', { serverUrl: 'http://192.0.2.1:8080' });
  const [wrongCa, plainText] = await Promise.all(
    [pinned, plain].map(device => agent(device, 'enrol', '--registered-key')),
  );
  expect([wrongCa?.code, wrongCa?.stderr]).toEqual([1, expect.stringMatching(/network: .*(signature|certificate)/)]);
  expect([plainText?.code, plainText?.stderr]).toEqual([1, expect.stringContaining('only https')]);
});

test('the private half of the key stays in its file, whatever is shown of it', async () => {
  const device = await newDevice('quiet');
  const file = join(device.plan.folder, 'net', 'device-key.pem');
  const { stdout, stderr } = await agent(device, 'key');
  const body = (await readFile(file, 'utf8')).split('\n')[1] ?? '';
  expect(body).toHaveLength(64);
  expect(stdout + stderr).not.toContain(body);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await agent(device, 'key', '--kind', 'p256')).toMatchObject({ code: 4 });
  expect((await readFile(file, 'utf8')).split('\n')[1]).toBe(body);
});
