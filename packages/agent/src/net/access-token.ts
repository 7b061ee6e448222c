/** The short access token: fetched by an assertion over a server's nonce, kept in memory only, renewed before it ends. */
import { jsonParser, NonceAnswer, TokenAnswer, tokenPayload } from '@tidegate/protocol';
import type { Clock } from '../clock.ts';
import type { DeviceApi } from './device-api.ts';
import type { DeviceKey } from './device-key.ts';

export interface AccessToken {
  get(signal?: AbortSignal): Promise<string>;
  /** The server would not take it: the next `get` fetches another. */
  drop(token: string): void;
}

const parseNonce = jsonParser(NonceAnswer);
const parseToken = jsonParser(TokenAnswer);

/** A token is renewed when a fifth of its life is left. */
const USED_SHARE = 0.8;

export function createAccessToken(
  api: DeviceApi,
  key: DeviceKey,
  deviceId: string,
  clock: Pick<Clock, 'monotonicMs'>,
): AccessToken {
  let held: { readonly token: string; readonly renewAtMs: number } | undefined;
  return {
    async get(signal) {
      if (held && clock.monotonicMs() < held.renewAtMs) return held.token;
      const askedAtMs = clock.monotonicMs();
      const { nonce } = await api.call({ path: 'nonce', parse: parseNonce, signal });
      const body = { deviceId, nonce, signature: key.sign(tokenPayload(deviceId, nonce)) };
      const answer = await api.call({ path: 'token', body, parse: parseToken, signal });
      held = { token: answer.accessToken, renewAtMs: askedAtMs + answer.expiresInSeconds * 1000 * USED_SHARE };
      return held.token;
    },
    drop(token) {
      if (held?.token === token) held = undefined;
    },
  };
}
