/** A device that has only a key: what it sends to enrol and to get in, over HTTP, for tests of what the server makes of it. */
import { DEVICE_API, type EnrolAnswer, type NonceAnswer, type TokenAnswer } from '@tidegate/protocol';
import { type TestDeviceKey, testDeviceKey } from '@tidegate/server/testing';
import type { AdminClient } from '../src/admin-client.ts';

export interface EnrolledDevice {
  readonly deviceId: string;
  readonly key: TestDeviceKey;
  readonly claimToken: string;
  readonly accessToken: string;
}

/** A server in this process or in one of its own. */
export interface AskedServer {
  readonly server: { readonly deviceUrl: string };
  readonly admin: AdminClient;
}

export interface Answer {
  readonly status: number;
  readonly mediaType: string | null;
  readonly json: Record<string, unknown>;
}

/** `body` goes out as it is where it is a text, as JSON otherwise. */
export async function ask(
  server: AskedServer,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${server.server.deviceUrl}${DEVICE_API}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const mediaType = response.headers.get('content-type');
  return { status: response.status, mediaType, json: (await response.json()) as Record<string, unknown> };
}

export async function claimToken(server: AskedServer, product: string): Promise<string> {
  const { tokens } = await server.admin.post<{ tokens: string[] }>('/claim-tokens', { product, count: 1 });
  return tokens[0] ?? '';
}

export async function nonce(server: AskedServer): Promise<string> {
  return ((await ask(server, 'GET', '/nonce')).json as NonceAnswer).nonce;
}

export async function enrolDevice(server: AskedServer, product: string): Promise<EnrolledDevice> {
  const key = testDeviceKey();
  const token = await claimToken(server, product);
  const { deviceId } = (await ask(server, 'POST', '/enrol', key.enrolment(token, product))).json as EnrolAnswer;
  const assertion = key.assertion(deviceId, await nonce(server));
  const { accessToken } = (await ask(server, 'POST', '/token', assertion)).json as TokenAnswer;
  return { deviceId, key, claimToken: token, accessToken };
}
