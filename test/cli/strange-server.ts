/** A server at the admin address that answers as the test likes: broken, endless, or in place of the real one. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StrangeServer extends AsyncDisposable {
  readonly url: string;
  /** Headers of every request so far. */
  readonly heard: readonly IncomingMessage['headers'][];
}

export async function startStrangeServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<StrangeServer> {
  const heard: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    void answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Passes the request on to the real server, and its answer back. */
export async function pass(request: IncomingMessage, response: ServerResponse, to: string): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const { authorization = '', 'content-type': type = 'application/json' } = request.headers;
  const answer = await fetch(`${to}${request.url}`, {
    method: request.method ?? 'GET',
    headers: { authorization, 'content-type': type },
    ...(pieces.length === 0 ? {} : { body: Buffer.concat(pieces) }),
  });
  const headers = { 'content-type': answer.headers.get('content-type') ?? '' };
  response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
}
