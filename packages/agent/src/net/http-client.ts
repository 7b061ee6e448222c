/**
 * GET and POST over node:http(s), every quantity bounded. Beyond a bound the socket is destroyed, never drained.
 * TLS 1.2 at least; where a CA is given, no other is trusted. Plain text only to loopback. Never throws anything but AgentError.
 */
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Code } from '@tidegate/protocol';
import { AgentError } from '../agent-error.ts';
import { type HttpLimits, SHORT_ANSWER } from './http-limits.ts';
import { safeUrl } from './safe-url.ts';
import { watch, type Watchdog } from './watchdog.ts';

interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly limits?: HttpLimits;
  readonly signal?: AbortSignal | undefined;
  /** Redirects to follow, within one scheme; for artifacts only. */
  readonly redirects?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Ends early with AgentError; leaving the loop, or never entering it and calling `hangUp`, closes the connection. */
  readonly body: AsyncIterable<Buffer>;
  hangUp(): void;
}

export interface BytesAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface HttpClient {
  open(request: HttpRequest): Promise<HttpAnswer>;
  /** The whole body, at most `maxBytes`. @throws AgentError `tooLong` beyond, network else */
  bytes(request: HttpRequest, bound: { readonly maxBytes: number; readonly tooLong: Code }): Promise<BytesAnswer>;
  close(): void;
}

const REDIRECT = [301, 302, 303, 307, 308];

export interface HttpClientOptions {
  /** PEM of the only certificate authorities to trust; the system's where absent. */
  readonly ca?: string | undefined;
  /** What the client shows of itself in the handshake, PEM; nothing where absent. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const plain = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  // Made with the first request that needs it: TLS takes a while to load, and a device that only looks on itself needs none.
  let secure: HttpsAgent | undefined;
  const secureAgent = () =>
    (secure ??= new (https().Agent)({
      keepAlive: true,
      maxSockets: 4,
      minVersion: 'TLSv1.2',
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...options.identity,
    }));

  const start = (url: URL, request: HttpRequest): ClientRequest => {
    const settings = {
      method: request.method ?? 'GET',
      headers: { 'accept-encoding': 'identity', 'user-agent': 'tidegate-agent', ...request.headers },
    };
    return url.protocol === 'https:'
      ? https().request(url, { ...settings, agent: secureAgent() })
      : httpRequest(url, { ...settings, agent: plain });
  };

  const exchange = async (url: URL, request: HttpRequest, again = true): Promise<HttpAnswer> => {
    const outgoing = start(url, request);
    const dog = watch(outgoing, request.limits ?? SHORT_ANSWER, request.signal);
    try {
      const incoming = await answerTo(outgoing, request.body);
      dog.watchBody(incoming);
      return {
        status: incoming.statusCode ?? 0,
        headers: singleHeaders(incoming),
        body: guarded(incoming, dog, url),
        hangUp: () => {
          dog.done();
          incoming.destroy();
        },
      };
    } catch (error) {
      dog.done();
      // The server closed a kept connection at the moment that we used it again: nothing was heard, nothing was lost.
      if (again && outgoing.reusedSocket && !dog.reason()) return exchange(url, request, false);
      throw dog.reason() ?? networkError(url, error);
    }
  };

  const open = async (request: HttpRequest): Promise<HttpAnswer> => {
    let url = safeUrl(request.url);
    for (let left = request.redirects ?? 0; ; left--) {
      const answer = await exchange(url, request);
      const location = answer.headers['location'];
      if (!REDIRECT.includes(answer.status) || location === undefined) return answer;
      answer.hangUp();
      if (left === 0) throw new AgentError('network', `${url.host}: redirects here, which is not allowed`);
      const next = safeUrl(location, url);
      if (next.protocol !== url.protocol) throw new AgentError('network', `${url.host}: redirects to another scheme`);
      url = next;
    }
  };

  return {
    open,

    async bytes(request, { maxBytes, tooLong }) {
      const answer = await open(request);
      const tooLongError = () => new AgentError(tooLong, `${request.url}: more than ${maxBytes} bytes`);
      if (Number(answer.headers['content-length'] ?? 0) > maxBytes) {
        answer.hangUp();
        throw tooLongError();
      }
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of answer.body) {
        length += chunk.length;
        if (length > maxBytes) throw tooLongError();
        chunks.push(chunk);
      }
      return { status: answer.status, headers: answer.headers, body: Buffer.concat(chunks) };
    },

    close() {
      plain.destroy();
      secure?.destroy();
    },
  };
}

function https() {
  return process.getBuiltinModule('node:https');
}

function answerTo(outgoing: ClientRequest, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // Stays on: an error after the answer began is seen by whoever reads the body.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function* guarded(incoming: IncomingMessage, dog: Watchdog, url: URL): AsyncGenerator<Buffer> {
  try {
    const encoding = incoming.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw new AgentError('network', `${url.host}: answers in ${encoding}, unasked`);
    for await (const chunk of incoming) yield chunk as Buffer;
  } catch (error) {
    throw dog.reason() ?? networkError(url, error);
  } finally {
    dog.done();
    if (!incoming.complete) incoming.destroy();
  }
}

function networkError(url: URL, error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  return new AgentError('network', `${url.host}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

function singleHeaders(incoming: IncomingMessage): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}
