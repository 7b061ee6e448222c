/**
 * The programs as they are deployed: bundles, two server processes, and before them the real nginx as `infra` sets it up.
 * Devices see what one server alone would show.
 */
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { buffer, json } from 'node:stream/consumers';
import { connect, type SecureVersion } from 'node:tls';
import { join } from 'node:path';
import { createHttpClient } from '@tidegate/agent';
import { contentPath, type RolloutView, TARGETS_BASE } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Bundles, buildBundles } from '../src/bundles.ts';
import { startFleet } from '../src/fleet.ts';
import { freePorts } from '../src/free-port.ts';
import {
  type Certificate,
  checkNginx,
  keepsTicketKeys,
  layOutNginx,
  makeCertificate,
  type Nginx,
  type NginxPlan,
  startNginx,
} from '../src/nginx.ts';
import { push } from '../src/push.ts';
import { RepoSim, sha256 } from '../src/repo-sim.ts';
import { packSample } from '../src/sample-service.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';

const REDIRECT = '/internal/artifacts/';
/** nginx lets the first second's bytes go at once: the image is a little more. */
const DEVICE_BYTES_PER_SECOND = 2_000_000;
const IMAGE = Buffer.alloc(3_000_000, 'the same bytes again and again, ');
const ETAG = `"${sha256(IMAGE)}"`;

const closing = new AsyncDisposableStack();
let folder: string;
let certificate: Certificate;
let ca: string;
let layout: NginxPlan;
let nginx: Nginx;
let nginxUrl: string;
let servers: readonly [ServerProcess, ServerProcess];
/** One that streams by itself: what it answers is the measure. */
let plain: ServerProcess;
let repo: RepoSim;
let bundles: Bundles;
/** Of the image: where devices ask for it, and where it lies. */
let image: { readonly url: string; readonly file: string };

beforeAll(async () => {
  folder = closing.use(await tempFolder('tidegate-proxy')).path;
  const database = await emptyDatabase();
  closing.defer(() => database.drop());
  repo = new RepoSim();
  bundles = await buildBundles(join(folder, 'dist'));
  const program = bundles.program('tidegate-server');
  const trustedRoot = join(folder, 'root.json');
  await writeFile(trustedRoot, repo.root());
  const data = join(folder, 'server');
  const start = async (artifactRedirect?: string) => {
    const more =
      artifactRedirect === undefined
        ? {}
        : { artifactRedirect, downloads: { deviceBytesPerSecond: DEVICE_BYTES_PER_SECOND } };
    const plan = {
      program,
      data,
      trustedRoot,
      pollSeconds: 1,
      gateTickSeconds: 0.2,
      databaseUrl: database.url,
      ...more,
    };
    const server = await startServerProcess(plan);
    closing.defer(async () => void (await server.child.stop()));
    return server;
  };
  servers = [await start(REDIRECT), await start(REDIRECT)];
  plain = await start();
  const path = repo.release(IMAGE, { version: '1.1.0', counter: 2 });
  await push({ ...plain, server: plain }, repo);
  const hash = sha256(IMAGE);
  image = {
    url: `${TARGETS_BASE}/${contentPath(path, hash)}`,
    file: join(data, 'artifacts', hash.slice(0, 2), hash),
  };
  certificate = await makeCertificate(folder);
  ca = await readFile(certificate.certFile, 'utf8');
  layout = await planNginx();
  nginx = closing.use(await startNginx(layout));
  nginxUrl = nginx.url;
});
afterAll(() => closing.disposeAsync());

async function planNginx(): Promise<NginxPlan> {
  const [port = 0] = await freePorts(1);
  const upstreams = servers.map(({ deviceUrl }) => Number(new URL(deviceUrl).port));
  const beside = 'location = /resumed { return 200 $ssl_session_reused; }';
  return { folder, port, upstreams, artifacts: join(folder, 'server', 'artifacts'), certificate, beside };
}

interface Seen {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The path goes out as it is, dots and all. */
function throughNginx(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Seen> {
  const { hostname, port } = new URL(nginxUrl);
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, path, headers, method, ca, agent: false }, answer => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function directly(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Seen> {
  const answer = await fetch(plain.deviceUrl + path, { headers, method });
  const body = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body };
}

const TOLD = ['etag', 'cache-control', 'content-range', 'content-length', 'content-type', 'last-modified'];

/** What a device can tell apart; of an error it reads no body. */
function essence({ status = 0, headers, body }: Seen) {
  if (status >= 400) return { status, range: headers['content-range'] };
  return { status, hash: sha256(body), told: TOLD.map(name => [name, headers[name]]) };
}

test('holds a device to the speed that it is said to have, so that a ceiling on downloads is one on bytes', async () => {
  const began = performance.now();
  const { status, body, headers } = await throughNginx(image.url);
  expect([status, sha256(body), headers['x-accel-limit-rate']]).toEqual([200, sha256(IMAGE), undefined]);
  // A million bytes came after the first second's allowance.
  expect(performance.now() - began).toBeGreaterThan(450);
});

test('nginx finds no fault in the configuration', async () => {
  expect(checkNginx(await layOutNginx(layout))).toEqual({
    status: 0,
    words: expect.stringContaining('test is successful'),
  });
});

test.each<[what: string, headers: Record<string, string>, method?: string]>([
  ['the whole', {}],
  ['its head', {}, 'HEAD'],
  ['a part', { range: 'bytes=1000-1999' }],
  ['the head of a part', { range: 'bytes=1000-1999' }, 'HEAD'],
  ['the rest of a broken download', { range: 'bytes=2000000-' }],
  ['the last bytes', { range: 'bytes=-10' }],
  ['the rest, of these very bytes', { range: 'bytes=2000000-', 'if-range': ETAG }],
  ['the whole, where the part is of other bytes', { range: 'bytes=2000000-', 'if-range': `"${'0'.repeat(64)}"` }],
  [
    'the whole, where the part is judged by a date',
    { range: 'bytes=2000000-', 'if-range': 'Mon, 01 Jan 2035 00:00:00 GMT' },
  ],
  ['the whole, where several parts are asked for', { range: 'bytes=0-1,5-6' }],
  ['nothing beyond the end', { range: 'bytes=3000000-' }],
  ['nothing new', { 'if-none-match': ETAG }],
  ['the whole, whatever a date says', { 'if-modified-since': 'Mon, 01 Jan 2035 00:00:00 GMT' }],
])('gives %s as the server alone does', async (_what, headers, method) => {
  const seen = await throughNginx(image.url, headers, method);
  expect(essence(seen)).toEqual(essence(await directly(image.url, headers, method)));
  expect(Object.keys(seen.headers).filter(name => name.startsWith('x-accel'))).toEqual([]);
});

test('a resumed download is the image', async () => {
  expect((await throughNginx(image.url, {}, 'HEAD')).headers['accept-ranges']).toBe('bytes');
  const first = await throughNginx(image.url, { range: 'bytes=0-1999999' });
  const rest = await throughNginx(image.url, { range: 'bytes=2000000-', 'if-range': String(first.headers.etag) });
  expect([first.status, rest.status]).toEqual([206, 206]);
  expect(sha256(Buffer.concat([first.body, rest.body]))).toBe(sha256(IMAGE));
});

test('no way leads from outside to the artifact folder, nor out of it', async () => {
  const hash = sha256(IMAGE);
  const inside = `${REDIRECT}${hash.slice(0, 2)}/${hash}`;
  const tries = [
    inside,
    `/tuf/../${inside.slice(1)}`,
    `/tuf/targets/..%2f..${inside}`,
    `/tuf/targets/%2e%2e/%2e%2e${inside}`,
    `//${inside.slice(1)}`,
    `${REDIRECT}../token-key.pem`,
    `${REDIRECT}${hash.slice(0, 2)}/../../token-key.pem`,
    '/tuf/targets/../../token-key.pem',
    '/tuf/targets/..%2f..%2ftoken-key.pem',
    '/tuf/targets/gw2/stable/app/1.1.0/..%2f..%2ftoken-key.pem',
    `${image.url}/..%2f..%2f..%2ftoken-key.pem`,
    '/api/admin/v1/devices',
    '/metrics',
    '/readyz',
  ];
  const seen = await Promise.all(tries.map(path => throughNginx(path)));
  expect(seen.map(({ status }, i) => [tries[i], status])).toEqual(tries.map(path => [path, expect.toSatisfy(refused)]));
  const forged = await throughNginx(image.url.replace(hash, '0'.repeat(64)), { 'x-accel-redirect': inside });
  expect([forged.status, forged.headers['content-type']]).toEqual([404, 'application/problem+json']);
});

function refused(status: number): boolean {
  return status === 404 || status === 400;
}

test('lists come as the server says them: the timestamp is asked for anew, a missing root stays a 404', async () => {
  for (const file of ['timestamp.json', '1.root.json', '2.root.json']) {
    const [seen, measure] = [await throughNginx(`/tuf/metadata/${file}`), await directly(`/tuf/metadata/${file}`)];
    expect([seen.status, seen.headers['cache-control']]).toEqual([measure.status, measure.headers['cache-control']]);
  }
});

test('a body beyond every limit is refused before it reaches a server, as the server would say it', async () => {
  const { hostname, port } = new URL(nginxUrl);
  const [status, problem] = await new Promise<[number | undefined, unknown]>((resolve, reject) => {
    const headers = { 'content-length': 10_000_000, 'content-type': 'application/json' };
    const outgoing = request(
      { hostname, port, path: '/api/device/v1/reports', method: 'POST', headers, ca },
      answer => {
        expect(answer.headers['content-type']).toBe('application/problem+json');
        void json(answer).then(body => resolve([answer.statusCode, body]));
      },
    );
    outgoing.once('error', reject);
    outgoing.flushHeaders();
  });
  expect([status, problem]).toEqual([413, expect.objectContaining({ status: 413, code: 'body-too-large' })]);
});

test('whoever asks for HTTP/2 gets it, lists and problems alike over one connection', async () => {
  const session = connectHttp2(nginxUrl, { ca });
  try {
    const ask = async (path: string) => {
      const stream = session.request({ ':path': path });
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
      return [headers[':status'], headers['content-type'], sha256(await buffer(stream))];
    };
    const list = await directly('/tuf/metadata/1.root.json');
    const asked = await Promise.all([ask('/tuf/metadata/1.root.json'), ask('/api/device/v1/nonce'), ask('/nothing')]);
    expect(session.alpnProtocol).toBe('h2');
    expect(asked.map(([status]) => status)).toEqual([200, 200, 404]);
    expect(asked[0]?.slice(1)).toEqual([list.headers['content-type'], sha256(list.body)]);
  } finally {
    session.close();
  }
});

test('a real agent enrols, checks in, downloads and verifies through nginx, whichever process answers', async () => {
  await plain.admin.post('/products', { name: 'gw2' });
  const plan = {
    count: 1,
    folder: join(folder, 'devices'),
    socketFolder: join(folder, 's'),
    product: 'gw2',
    hardware: 'gw2-a',
    serverUrl: nginxUrl,
    caFile: certificate.certFile,
    program: bundles.program('tidegate-agent'),
    rootFile: join(folder, 'root.json'),
  };
  await using fleet = await startFleet(plain.admin, plan);
  expect(fleet.members).toHaveLength(1);
  const sample = await readFile(await packSample(folder, { version: '1.2.0', health: 'well' }));
  const target = repo.release(sample, { version: '1.2.0', counter: 3, format: 'tar' }, 'app.tar');
  await push({ ...plain, server: plain }, repo);
  const gate = { minVerified: 1, soakSeconds: 0, silenceSeconds: 60 };
  const { id } = await plain.admin.post<RolloutView>('/rollouts', { target, phases: [{ basisPoints: 10_000 }], gate });
  await until('the rollout to complete', async () => {
    const { state } = await plain.admin.get<RolloutView>(`/rollouts/${id}`);
    return state === 'completed' || undefined;
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)('a device that comes back over %s resumes its session', async version => {
  const first = await handshake(version);
  expect(first.resumed).toBe(false);
  // Often enough that each worker has answered.
  const again = await Promise.all(Array.from({ length: 16 }, () => handshake(version, first.session)));
  expect(again.map(({ resumed }) => resumed)).toEqual(again.map(() => true));
});

test('so does our agent, once its connection has ended', async () => {
  const http = createHttpClient({ ca });
  const ask = { url: `${nginxUrl}/resumed`, headers: { connection: 'close' } };
  const visit = async () => (await http.bytes(ask, { maxBytes: 10, tooLong: 'internal' })).body.toString();
  expect([await visit(), await visit(), await visit()]).toEqual(['.', 'r', 'r']);
  http.close();
});

test('a reload ends the key of tickets where nginx makes none by itself, and devices get in and resume anew', async () => {
  const before = await handshake('TLSv1.3');
  process.kill(nginx.pid, 'SIGHUP');
  const first = await until('the old workers to be gone', async () => {
    const seen = await handshake('TLSv1.3', before.session);
    return seen.resumed === keepsTicketKeys() ? seen : undefined;
  });
  const again = await until('the new workers to resume', async () => {
    const seen = await handshake('TLSv1.3', first.session);
    return seen.resumed ? seen : undefined;
  });
  expect(again.resumed).toBe(true);
});

/** A connection of its own, with one request, so that what TLS 1.3 hands out after its handshake has come. */
function handshake(version: SecureVersion, session?: Buffer): Promise<{ resumed: boolean; session: Buffer }> {
  const { port } = new URL(nginxUrl);
  return new Promise((resolve, reject) => {
    const versions = { minVersion: version, maxVersion: version };
    const known = session === undefined ? {} : { session };
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca, ...versions, ...known });
    const given: Buffer[] = [];
    socket.on('session', (ticket: Buffer) => given.push(ticket));
    socket.once('error', reject);
    socket.once('close', () => resolve({ resumed, session: given.at(-1) ?? Buffer.alloc(0) }));
    let resumed = false;
    socket.once('secureConnect', () => {
      resumed = socket.isSessionReused();
      socket.end('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n');
      socket.resume();
    });
  });
}

test('devices are answered while one of the processes is gone', async () => {
  await servers[1].child.kill();
  const asked = Array.from({ length: 8 }, () => throughNginx('/api/device/v1/nonce'));
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 200));
});

test('an image that is listed and not there is our fault, and no 404', async () => {
  await rm(image.file);
  const { status, headers } = await throughNginx(image.url);
  expect([status, headers['cache-control']]).toEqual([503, 'no-store']);
});
