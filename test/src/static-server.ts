/**
 * Serves a repository in memory as a web server or mirror would: metadata and artifacts, with Range and ETag.
 * A test may twist the answer to any path, as an attacker on the way could.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METADATA_BASE, TARGETS_BASE } from '@tidegate/protocol';
import { sha256 } from './repo-sim.ts';

/** What is served: `RepoSim` fits, and so does a copy of its maps from an earlier time. */
export interface Served {
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly artifacts: ReadonlyMap<string, Buffer>;
}

export type Twist =
  /** Never ends. */
  | { readonly kind: 'endless' }
  /** Announces so many bytes, then never ends. */
  | { readonly kind: 'announce'; readonly bytes: number }
  /** One byte, then silence with the connection open. */
  | { readonly kind: 'drip' }
  /** Breaks the connection after so many bytes of the honest answer. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Honest up to this byte of the artifact, whatever range is asked for, then silence with the connection open. */
  | { readonly kind: 'halt'; readonly at: number }
  | { readonly kind: 'replace'; readonly bytes: Buffer }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> };

export interface StaticServer extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, with the range where there was one: `/tuf/metadata/timestamp.json`. */
  readonly requests: readonly string[];
  /** What it serves from now on. */
  serve(served: Served): void;
  /** Twists the answers to paths that end so, until `honest` is called. */
  twist(pathEnd: string, twist: Twist): void;
  honest(): void;
}

const CHUNK = Buffer.alloc(16 * 1024, 'x');

export async function startStaticServer(served: Served): Promise<StaticServer> {
  const state = { served, twists: new Map<string, Twist>() };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const { range } = request.headers;
    requests.push(range === undefined ? path : `${path} ${range}`);
    const bytes = find(state.served, path);
    const twist = [...state.twists].find(([end]) => path.endsWith(end))?.[1];
    if (twist?.kind === 'halt' && bytes) answerHonestly(request, response, bytes, twist.at);
    else if (twist) answerTwisted(response, bytes, twist);
    else if (bytes) answerHonestly(request, response, bytes);
    else response.writeHead(404, { 'cache-control': 'no-store' }).end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    serve: next => {
      state.served = next;
    },
    twist: (pathEnd, twist) => state.twists.set(pathEnd, twist),
    honest: () => state.twists.clear(),
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A copy of what is served now, for replaying it later. */
export function freeze({ metadata, artifacts }: Served): Served {
  return { metadata: new Map(metadata), artifacts: new Map(artifacts) };
}

function find({ metadata, artifacts }: Served, path: string): Buffer | undefined {
  if (path.startsWith(`${METADATA_BASE}/`)) return metadata.get(path.slice(METADATA_BASE.length + 1));
  if (path.startsWith(`${TARGETS_BASE}/`)) return artifacts.get(path.slice(TARGETS_BASE.length + 1));
  return undefined;
}

/** @param until the byte of the artifact from which on nothing more comes */
function answerHonestly(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  until = Number.POSITIVE_INFINITY,
): void {
  const etag = `"${sha256(bytes)}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const sameBytes = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  if (!range || !sameBytes) {
    send(response.writeHead(200, { etag, 'content-length': bytes.length }), bytes, until);
    return;
  }
  const start = Number(range[1]);
  if (start >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(start, range[2] ? Number(range[2]) + 1 : undefined);
  const contentRange = `bytes ${start}-${start + part.length - 1}/${bytes.length}`;
  const headers = { etag, 'content-length': part.length, 'content-range': contentRange };
  send(response.writeHead(206, headers), part, until - start);
}

function send(response: ServerResponse, bytes: Buffer, until: number): void {
  if (bytes.length <= until) response.end(bytes);
  else response.write(bytes.subarray(0, Math.max(0, until)));
}

function answerTwisted(response: ServerResponse, honest: Buffer | undefined, twist: Twist): void {
  switch (twist.kind) {
    case 'status':
      response.writeHead(twist.status, twist.headers).end();
      return;
    case 'replace':
      response.writeHead(200, { 'content-length': twist.bytes.length }).end(twist.bytes);
      return;
    case 'drip':
      response.writeHead(200, honest ? { 'content-length': honest.length } : {}).write('x');
      return;
    case 'cut':
      response.writeHead(200, { etag: `"${sha256(honest ?? '')}"`, 'content-length': honest?.length ?? 0 });
      response.write((honest ?? CHUNK).subarray(0, twist.after), () => response.destroy());
      return;
    case 'announce':
      pour(response.writeHead(200, { 'content-length': twist.bytes }));
      return;
    case 'halt':
    case 'endless':
      pour(response.writeHead(200));
      return;
  }
}

/** As fast as the other side reads, until it hangs up. */
function pour(response: ServerResponse): void {
  const more = () => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on('drain', more);
  more();
}
