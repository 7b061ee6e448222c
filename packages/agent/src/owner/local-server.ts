/**
 * The owner's API on Unix sockets: HTTP and JSON, one socket a role, told apart by their mode and group, since Node has
 * no peer credentials. No network listener is opened.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { PROBLEM_MEDIA_TYPE, PROBLEMS, type Problem } from '@tidegate/protocol';
import { ConfigError } from '../config-error.ts';
import type { Log } from '../log.ts';
import { type OwnerApi, OwnerError, type Role } from './owner-api.ts';

const BODY_BYTES_MAX = 4096;
const REQUEST_WITHIN_MS = 10_000;
const CONNECTIONS_MAX = 32;
/** Owner and group; the integrator gives the group to those who may. */
const MODES: Readonly<Record<Role, number>> = { admin: 0o660, user: 0o666 };

export interface LocalServer {
  close(): Promise<void>;
}

/** @throws ConfigError where a socket cannot be opened */
export async function listenLocally(
  api: OwnerApi,
  sockets: Readonly<Record<Role, string>>,
  log: Log,
): Promise<LocalServer> {
  const servers: Server[] = [];
  const close = async () => {
    await Promise.all(servers.map(closeServer));
  };
  try {
    for (const role of ['admin', 'user'] as const) servers.push(await listen(api, role, sockets[role], log));
  } catch (error) {
    await close();
    throw new ConfigError(`the socket cannot be opened: ${(error as Error).message}`, { cause: error });
  }
  return { close };
}

async function listen(api: OwnerApi, role: Role, path: string, log: Log): Promise<Server> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (await answers(path)) throw new Error(`${path} is in use by another process`);
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    answer(api, role, request, response).catch((error: unknown) => {
      log.error({ err: error }, 'the local API failed');
      response.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_WITHIN_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, MODES[role]);
  return server;
}

async function answer(api: OwnerApi, role: Role, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request);
    // Compared, never resolved: what is no address is merely a path that there is not.
    const [path = '/'] = (request.url ?? '/').split('?');
    send(response, 200, 'application/json', await api.call(role, request.method ?? 'GET', path, body));
  } catch (error) {
    if (!(error instanceof OwnerError)) throw error;
    const status = PROBLEMS[error.code];
    const { code, message: detail, path } = error;
    const problem: Problem = {
      type: 'about:blank',
      title: code,
      status,
      code,
      detail,
      ...(path === undefined ? {} : { path }),
    };
    send(response, status, PROBLEM_MEDIA_TYPE, problem);
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new OwnerError('body-too-large', `A body has at most ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw new OwnerError('bad-request', `The body is not JSON: ${(error as Error).message}`);
  }
}

function send(response: ServerResponse, status: number, type: string, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response
    .writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' })
    .end(bytes);
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
