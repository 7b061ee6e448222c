/** Both listeners on a database and a folder of their own, with a clock that the test sets; requests come by `inject`. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ADMIN_API,
  DEVICE_API,
  type EnrolKeyRequest,
  enrolKeyPayload,
  enrolPayload,
  type EnrolRequest,
  type OperatorRole,
  tokenPayload,
  type TokenRequest,
} from '@tidegate/protocol';
import { pino } from 'pino';
import { vi } from 'vitest';
import { addApiToken } from '../admin/operator-store.ts';
import { type Apps, buildApp } from '../app.ts';
import type { Clock } from '../clock.ts';
import { openArtifactStore } from '../content/artifact-store.ts';
import type { Deps } from '../deps.ts';
import { type FleetConfig, UNHURRIED } from '../fleet/fleet-config.ts';
import { type FleetPace, openFleetPace } from '../fleet/fleet-pace.ts';
import { openRevocations, type Revocations } from '../identity/revocations.ts';
import { openServerKeys } from '../identity/server-keys.ts';
import { trustRoot } from '../publication/trust-root.ts';
import { type Queues, startQueue } from '../queue/queue.ts';
import { openBoard } from '../rollout/board.ts';
import { openDeviceMemory } from '../rollout/device-memory.ts';
import { DEFAULT_ROLLOUT_CONFIG } from '../rollout/rollout-config.ts';
import { documented, type OpenapiDocument } from './documented.ts';
import { freshDatabase } from './fresh-database.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly bytes: Buffer;
  /** The body as JSON; undefined where it is none, or is compressed. */
  readonly json: unknown;
}

export interface Ask {
  readonly token?: string | undefined;
  readonly body?: object | Buffer | string;
  readonly headers?: Record<string, string>;
}

export interface TestApp extends Deps {
  readonly apps: Apps;
  readonly folder: string;
  readonly databaseUrl: string;
  readonly clock: Clock & { advance(seconds: number): void };
  readonly revocations: Revocations;
  readonly pace: FleetPace;
  /** `path` below the device API, or absolute where it begins with two slashes. */
  device(method: Method, path: string, ask?: Ask): Promise<Answer>;
  admin(method: Method, path: string, ask?: Ask): Promise<Answer>;
  apiToken(role: OperatorRole): Promise<string>;
  close(): Promise<void>;
}

/** The gates of a test are ticked by the test. */
const SELDOM = { ...DEFAULT_ROLLOUT_CONFIG, gateTickSeconds: 86_400 };

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

export async function testApp(fleet: FleetConfig = UNHURRIED): Promise<TestApp> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-app-'));
  const { db, url, drop } = await freshDatabase();
  let offsetMs = 0;
  const clock = {
    now: () => new Date(Date.now() + offsetMs),
    advance: (seconds: number) => {
      offsetMs += seconds * 1000;
    },
  };
  const deps = { db, clock, log: pino({ level: 'silent' }) };
  const revocations = await openRevocations(deps);
  const board = await openBoard({ ...deps, url });
  const pace = await openFleetPace(deps, fleet);
  const memory = openDeviceMemory(deps);
  const queue = await startQueue({ ...deps, url, redisUrl: undefined, redisPrefix: 'unused', config: SELDOM, pace });
  await firstRound(queue);
  const apps = await buildApp({
    ...deps,
    keys: await openServerKeys(folder),
    artifacts: await openArtifactStore(join(folder, 'artifacts')),
    revocations,
    board,
    memory,
    queue,
    pace,
    fleet,
    artifactRedirect: undefined,
    deviceBytesPerSecond: undefined,
    tls: null,
  });

  const [askDevice, askAdmin] = [asker(apps.device), asker(apps.admin)];
  return {
    ...deps,
    apps,
    folder,
    databaseUrl: url,
    revocations,
    pace,
    device: (method, path, ask) => askDevice(method, path.startsWith('//') ? path.slice(1) : DEVICE_API + path, ask),
    admin: (method, path, ask) => askAdmin(method, path.startsWith('//') ? path.slice(1) : ADMIN_API + path, ask),
    apiToken: async role => (await addApiToken(db, { name: role, role }, clock.now())).token,
    close: async () => {
      await apps.device.close();
      await apps.admin.close();
      await queue.close();
      await memory.close();
      await pace.close();
      await board.close();
      await revocations.close();
      await drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Timed jobs run once at the start: waits until they have, so that none of them falls into a test. */
async function firstRound(queue: Queues): Promise<void> {
  await vi.waitUntil(
    async () => {
      const depth = await queue.depth();
      return depth?.waiting === 0 && depth.active === 0 && depth.delayed > 1;
    },
    { timeout: 30_000, interval: 10 },
  );
}

/** Asks, and holds each answer against the listener's own document. */
function asker(app: Apps['device']): (method: Method, url: string, ask?: Ask) => Promise<Answer> {
  let check: ReturnType<typeof documented> | undefined;
  return async (method, url, ask) => {
    const answer = await request(app, method, url, ask);
    check ??= documented(app.swagger() as unknown as OpenapiDocument);
    const mediaType = answer.headers['content-type'] as string | undefined;
    check({ method, path: url, status: answer.status, mediaType, json: answer.json });
    return answer;
  };
}

async function request(app: Apps['device'], method: Method, url: string, ask: Ask = {}): Promise<Answer> {
  const answer = await app.inject({
    method,
    url,
    headers: { ...(ask.token === undefined ? {} : { authorization: `Bearer ${ask.token}` }), ...ask.headers },
    ...(ask.body === undefined ? {} : { payload: ask.body }),
  });
  const { 'content-type': mediaType, 'content-encoding': coding } = answer.headers;
  const isJson = String(mediaType).includes('json') && coding === undefined;
  const json: unknown = isJson && answer.body !== '' ? JSON.parse(answer.body) : undefined;
  return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload, json };
}

/** A device's key pair with what it signs. */
export interface TestDeviceKey {
  /** SubjectPublicKeyInfo, DER, base64url. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  enrolment(claimToken: string, product?: string): EnrolRequest;
  keyEnrolment(nonce: string, product?: string): EnrolKeyRequest;
  assertion(deviceId: string, nonce: string): TokenRequest;
}

export function testDeviceKey(kind: 'Ed25519' | 'P-256' = 'Ed25519'): TestDeviceKey {
  const pair = kind === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64url');
  const hash = kind === 'Ed25519' ? null : 'sha256';
  const signature = (text: string) => sign(hash, Buffer.from(text), pair.privateKey).toString('base64url');
  return {
    publicKey,
    privateKey: pair.privateKey,
    enrolment: (claimToken, product = 'gw2') => ({
      product,
      claimToken,
      publicKey,
      proof: signature(enrolPayload(claimToken)),
    }),
    keyEnrolment: (nonce, product = 'gw2') => ({ product, publicKey, nonce, proof: signature(enrolKeyPayload(nonce)) }),
    assertion: (deviceId, nonce) => ({ deviceId, nonce, signature: signature(tokenPayload(deviceId, nonce)) }),
  };
}

/** A product with so many claim tokens for it. */
export async function testClaimTokens(app: TestApp, count: number, product = 'gw2'): Promise<string[]> {
  const token = await app.apiToken('operator');
  await app.admin('POST', '/products', { token, body: { name: product } });
  const answer = await app.admin('POST', '/claim-tokens', { token, body: { product, count } });
  return (answer.json as { tokens: string[] }).tokens;
}

export function randomClaimToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What `--trusted-root` does at first start. */
export function trustTestRoot(app: TestApp, rootFile: string): Promise<void> {
  return trustRoot(app, app.folder, rootFile);
}
