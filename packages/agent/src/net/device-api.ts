/** One call to the server's device API: JSON out, JSON in, parsed with the protocol's schema, bounded. */
import { DEVICE_API, type Parsed } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import type { Clock } from '../clock.ts';
import type { HttpClient } from './http-client.ts';
import { httpRefusal } from './http-refusal.ts';
import { below } from './safe-url.ts';

export interface DeviceCall<T> {
  readonly path: string;
  /** Makes it a POST. */
  readonly body?: object;
  /** The protocol's parser of the answer. */
  readonly parse: (text: string) => Parsed<T>;
  readonly accessToken?: string;
  readonly signal?: AbortSignal | undefined;
}

export interface DeviceApi {
  /** @throws AgentError network, with `retryAfterSeconds` and `refusalOf(error)` where the server answered */
  call<T>(call: DeviceCall<T>): Promise<T>;
}

const MAX_ANSWER_BYTES = 64 * 1024;

export function createDeviceApi(http: HttpClient, baseUrl: string, clock: Pick<Clock, 'now'>): DeviceApi {
  return {
    async call({ path, body, parse, accessToken, signal }) {
      const answer = await http.bytes(
        {
          url: below(baseUrl, `${DEVICE_API}/${path}`),
          method: body ? 'POST' : 'GET',
          headers: {
            accept: 'application/json',
            ...(body ? { 'content-type': 'application/json' } : {}),
            ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
          signal,
        },
        { maxBytes: MAX_ANSWER_BYTES, tooLong: 'network' },
      );
      if (answer.status < 200 || answer.status > 299) throw httpRefusal(path, answer, clock.now());
      const parsed = parse(answer.body.toString('utf8'));
      if (parsed.ok) return parsed.value;
      throw new AgentError(
        'network',
        `${path}: the server's answer does not fit: ${parsed.fault.path} ${parsed.fault.message}`,
      );
    },
  };
}
