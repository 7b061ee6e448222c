/**
 * Authenticated check-ins per second of the server process's own CPU time, warm, over kept connections,
 * against a bare Fastify POST with the same schemas. The two take turns, so that a noisy machine hits both alike.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CheckInRequest,
  type ClaimTokensAnswer,
  DEVICE_API,
  type EnrolAnswer,
  enrolPayload,
  type NonceAnswer,
  type TokenAnswer,
  tokenPayload,
} from '@tidegate/protocol';
import { startChild } from '../src/child.ts';
import { type ServerProcess, startServerProcess } from '../src/server-process.ts';
import { openSigningDesk } from '../src/signing-desk.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { cpuSeconds } from './cpu.ts';
import { type Load, runLoad } from './load.ts';
import { type BenchResult, median, rounded } from './result.ts';

const DEVICES = 64;
const CONNECTIONS = 32;
const ROUNDS = 7;
const ROUND_SECONDS = 2;
const GOAL = 0.4;

export async function checkIn(): Promise<BenchResult> {
  await using folder = await tempFolder('tidegate-bench');
  const desk = await openSigningDesk({ folder: folder.path, products: ['gw2'], scryptN: 1024 });
  const server = await startServerProcess({
    data: join(folder.path, 'server'),
    trustedRoot: desk.rootFile,
    pollSeconds: 60,
    gateTickSeconds: 2,
  });
  await using stack = new AsyncDisposableStack();
  stack.use(server.child);
  await using bare = await startChild({
    args: [fileURLToPath(new URL('bare-server.ts', import.meta.url))],
    logFile: join(folder.path, 'bare.log'),
    isReady: line => line.startsWith('{'),
  });
  const { ready } = JSON.parse(bare.readyLine) as { ready: string };
  const requests = await warmFleet(server);
  const load = { requests, connections: CONNECTIONS, seconds: ROUND_SECONDS };
  const ours = { ...load, url: `${server.deviceUrl}${DEVICE_API}/check-in` };
  const theirs = { ...load, url: `${ready}/check-in` };
  await perCpuSecond(ours, server.child.pid);
  await perCpuSecond(theirs, bare.pid);

  const rounds: { ours: number; bare: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push({ ours: await perCpuSecond(ours, server.child.pid), bare: await perCpuSecond(theirs, bare.pid) });
  }
  const ratio = median(rounds.map(r => r.ours / r.bare));
  return {
    name: 'check-in',
    value: rounded(median(rounds.map(r => r.ours))),
    unit: 'check-ins per second of CPU',
    baseline: rounded(median(rounds.map(r => r.bare))),
    ratio: rounded(ratio),
    goal: `ratio >= ${GOAL}`,
    pass: ratio >= GOAL,
  };
}

async function perCpuSecond(load: Load, pid: number): Promise<number> {
  const before = await cpuSeconds(pid);
  const answered = await runLoad(load);
  return answered / ((await cpuSeconds(pid)) - before);
}

/** Enrols devices and gets each a token; every one has checked in once before the measurement. */
async function warmFleet(server: ServerProcess): Promise<Load['requests']> {
  await server.admin.post('/products', { name: 'gw2' });
  const { tokens } = await server.admin.post<ClaimTokensAnswer>('/claim-tokens', { product: 'gw2', count: DEVICES });
  return Promise.all(tokens.map((token, i) => warmDevice(server.deviceUrl, token, i)));
}

async function warmDevice(url: string, claimToken: string, index: number): Promise<Load['requests'][number]> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { deviceId } = await post<EnrolAnswer>(`${url}${DEVICE_API}/enrol`, {
    product: 'gw2',
    claimToken,
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url'),
    proof: signText(privateKey, enrolPayload(claimToken)),
  });
  const { nonce } = (await (await fetch(`${url}${DEVICE_API}/nonce`)).json()) as NonceAnswer;
  const signature = signText(privateKey, tokenPayload(deviceId, nonce));
  const { accessToken } = await post<TokenAnswer>(`${url}${DEVICE_API}/token`, { deviceId, nonce, signature });
  const body: CheckInRequest = {
    agentVersion: '0.1.0',
    hardware: 'gw2-a',
    channel: 'stable',
    bootId: index.toString(16).padStart(32, '0'),
    components: [{ component: 'app', version: '1.0.0', counter: 1 }],
  };
  return { body: JSON.stringify(body), headers: { authorization: `Bearer ${accessToken}` } };
}

async function post<T>(url: string, body: unknown): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function signText(key: KeyObject, text: string): string {
  return sign(null, Buffer.from(text), key).toString('base64url');
}
