/** Devices with their tokens, ready to check in, for a measurement. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
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
import type { ServerProcess } from '../src/server-process.ts';
import type { Load } from './load.ts';

const DEVICES = 64;
const CONNECTIONS = 32;

/** Enrols devices, gets each a token, and makes a load of their check-ins. */
export async function checkInLoad(server: ServerProcess, seconds: number): Promise<Load> {
  const requests = await warmDevices(server, DEVICES);
  return { url: `${server.deviceUrl}${DEVICE_API}/check-in`, requests, connections: CONNECTIONS, seconds };
}

/** Devices of a new product gw2 with their bodies and tokens for check-ins. */
export async function warmDevices(server: ServerProcess, count: number): Promise<Load['requests']> {
  await server.admin.post('/products', { name: 'gw2' });
  const { tokens } = await server.admin.post<ClaimTokensAnswer>('/claim-tokens', { product: 'gw2', count });
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
