import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createHttpClient } from './http-client.ts';
import { type HttpLimits, SHORT_ANSWER } from './http-limits.ts';
import { retryAfterSeconds } from './retry-after.ts';
import { safeUrl } from './safe-url.ts';

const http = createHttpClient();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const SMALL = { maxBytes: 1000, tooLong: 'metadata-too-large' } as const;
const hasty = (limits: Partial<HttpLimits>) => ({ ...SHORT_ANSWER, ...limits });

test('gets bytes, asking for them as they are', async () => {
  const url = await serve((request, response) => response.end(request.headers['accept-encoding']));
  const answer = await http.bytes({ url }, SMALL);
  expect([answer.status, answer.body.toString()]).toEqual([200, 'identity']);
});

test('destroys the socket of an endless body', async () => {
  let closed: () => void;
  const gone = new Promise<void>(resolve => (closed = resolve));
  const url = await serve((_, response) => {
    const more = () => response.write(Buffer.alloc(16_384));
    response.on('drain', more).on('close', () => closed());
    more();
  });
  await expect(http.bytes({ url }, SMALL)).rejects.toMatchObject({ code: 'metadata-too-large' });
  await gone;
});

test('does not read a body that announces too much', async () => {
  const url = await serve((_, response) => response.writeHead(200, { 'content-length': 1001 }).write('x'));
  await expect(http.bytes({ url }, SMALL)).rejects.toMatchObject({ code: 'metadata-too-large' });
});

test('tells a body that ends before its announced length', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await expect(http.bytes({ url }, SMALL)).rejects.toMatchObject({ code: 'network' });
});

test('a body that has come whole and waits to be read is none that comes too slowly', async () => {
  const url = await serve((_, response) => response.end('all of it'));
  const windowMs = 5;
  const answer = await http.open({ url, limits: hasty({ throughputWindowMs: windowMs }) });
  await setTimeout(5 * windowMs);
  const pieces: Buffer[] = [];
  for await (const piece of answer.body) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe('all of it');
});

test.each([
  ['falls silent before the answer', () => undefined, { idleMs: 30 }, /silent/],
  ['never ends', (_, r) => r.write('x'), { deadlineMs: 30 }, /too long/],
  ['drips', (_, r) => r.write('x'), { throughputWindowMs: 30 }, /too slowly/],
] as [string, RequestListener, Partial<HttpLimits>, RegExp][])(
  'hangs up on a server that %s',
  async (_, answer, limits, text) => {
    const url = await serve(answer);
    await expect(http.bytes({ url, limits: hasty(limits) }, SMALL)).rejects.toThrow(text);
  },
);

test('ends as stopped when the signal fires in the middle of a body', async () => {
  const url = await serve((_, response) => response.write('x'));
  const abort = new AbortController();
  const answer = await http.open({ url, signal: abort.signal });
  abort.abort();
  const read = async () => {
    for await (const chunk of answer.body) expect(chunk.toString()).toBe('x');
  };
  await expect(read()).rejects.toMatchObject({ code: 'stopped' });
});

test('refuses compressed bodies, which could grow without bound', async () => {
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'));
  await expect(http.bytes({ url }, SMALL)).rejects.toThrow('unasked');
});

test('follows redirects only where allowed, and at most so many', async () => {
  const url = await serve((request, response) => {
    const hop = Number(request.url?.slice(1));
    if (hop === 3) response.end('here');
    else response.writeHead(302, { location: `/${hop + 1}` }).end();
  });
  await expect(http.bytes({ url: `${url}/0` }, SMALL)).rejects.toThrow('not allowed');
  await expect(http.bytes({ url: `${url}/0`, redirects: 2 }, SMALL)).rejects.toThrow('not allowed');
  expect((await http.bytes({ url: `${url}/0`, redirects: 3 }, SMALL)).body.toString()).toBe('here');
});

test('does not follow a redirect to plain text on another machine', async () => {
  const url = await serve((_, response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end());
  await expect(http.bytes({ url, redirects: 3 }, SMALL)).rejects.toThrow('only https');
});

test.each(['http://updates.example/', 'ftp://127.0.0.1/', 'http://127.0.0.1.evil.example/', 'https://a:b@c/', 'x'])(
  'talks not to %s',
  url => {
    expect(() => safeUrl(url)).toThrow();
  },
);

test.each(['https://updates.example/', 'http://127.0.0.1:80/', 'http://localhost/', 'http://[::1]:8080/'])(
  'talks to %s',
  url => {
    expect(safeUrl(url).href).toContain(url.slice(0, 8));
  },
);

test('reads Retry-After as seconds or as a date, bounded to a day', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterSeconds('120', now)).toBe(120);
  expect(retryAfterSeconds('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60);
  expect(retryAfterSeconds('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
  expect(retryAfterSeconds('9999999999', now)).toBe(86_400);
  expect(retryAfterSeconds('soon', now)).toBeUndefined();
});
