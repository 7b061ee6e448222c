/**
 * A signing service at its wire, for tests of those who call it: it serves a repository's lists, keeps what it gets, and
 * answers as the contract says. `fault` may answer in its stead.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import {
  type ProblemCode,
  PROBLEMS,
  SIGNING_API,
  SIGNING_METADATA_BASE,
  type SubmissionRequest,
  type SubmissionView,
} from '@tidegate/protocol';
import { payloadHash } from '../edit/signature.ts';
import { parseTargets } from '../tuf/parse.ts';

export interface TestService extends AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
  /** Authorization of each request that opened a submission. */
  readonly tokens: (string | undefined)[];
  readonly views: Map<string, SubmissionView>;
  readonly artifacts: Map<string, Buffer>;
  readonly signatures: unknown[];
  payload: Buffer;
  /** What becomes of a submission when it is submitted. */
  becomes: (view: SubmissionView) => Partial<SubmissionView>;
  fault: ((what: string, response: ServerResponse) => boolean) | undefined;
}

export async function testService(repositoryDir: string): Promise<TestService> {
  const opened = new Map<string, string>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const service: TestService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    tokens: [],
    views: new Map(),
    artifacts: new Map(),
    signatures: [],
    payload: Buffer.from('{}'),
    becomes: () => ({ state: 'published' }),
    fault: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', service.url);
    if (pathname.startsWith(SIGNING_METADATA_BASE)) return serveList(basename(pathname), response);
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const [id = '', act = '', name = ''] = pathname.slice(`${SIGNING_API}/submissions/`.length).split('/');
    const what = `${request.method} ${[id && 'ID', act].filter(Boolean).join('/')}`;
    service.requests.push(what);
    if (service.fault?.(what, response)) return;
    const view = service.views.get(id);
    if (what === 'POST ') return open(JSON.parse(body.toString()) as SubmissionRequest, request, response);
    if (what === 'GET ') return send(response, { items: listed(searchParams), next: null });
    if (!view) return problem(response, 'not-found');
    if (act === 'artifacts') {
      service.artifacts.set(name, body);
      view.artifactsMissing = view.artifactsMissing.filter(a => a.sha256 !== name);
      return void response.writeHead(204).end();
    }
    if (act === 'payload') return void response.end(service.payload);
    if (act === 'signatures') service.signatures.push(JSON.parse(body.toString()));
    if (act === 'submit' || act === 'signatures') Object.assign(view, service.becomes(view));
    send(response, view);
  }

  async function serveList(file: string, response: ServerResponse): Promise<void> {
    const bytes = await readFile(join(repositoryDir, 'metadata', file)).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404).end(bytes);
  }

  function listed(wanted: URLSearchParams): SubmissionView[] {
    return [...service.views.values()].filter(
      v => v.state === wanted.get('state') && (wanted.get('role') ?? v.role) === v.role,
    );
  }

  async function open(wanted: SubmissionRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    service.tokens.push(request.headers.authorization);
    const known = opened.get(wanted.idempotencyKey);
    if (known !== undefined) return send(response, service.views.get(known));
    const { signed } = parseTargets(Buffer.from(wanted.list, 'base64'), 'the list');
    const inForce = await readFile(
      join(repositoryDir, 'metadata', `${wanted.baseVersion + 1}.${wanted.role}.json`),
    ).catch(() => undefined);
    if (inForce) return problem(response, 'draft-stale');
    const busy = [...service.views.values()].find(
      v => v.role === wanted.role && (v.state === 'waiting' || v.state === 'publishing'),
    );
    if (busy && busy.id !== wanted.replaces) return problem(response, 'submission-waiting');
    if (busy) busy.state = 'superseded';
    const id = randomBytes(16).toString('hex');
    opened.set(wanted.idempotencyKey, id);
    const all = Object.values(signed.targets).map(t => ({ sha256: t.hashes.sha256, lengthBytes: t.length }));
    const at = '2026-03-01T12:00:00Z';
    const keyid = createHash('sha256').update('ci').digest('hex');
    const view: SubmissionView = {
      id,
      role: wanted.role,
      version: signed.version,
      baseVersion: wanted.baseVersion,
      payloadSha256: payloadHash(signed),
      state: 'open',
      artifactsMissing: all.filter(a => !service.artifacts.has(a.sha256)),
      quorums: [{ threshold: 1, signed: [], open: [], missing: 0 }],
      missing: 0,
      submittedBy: { by: 'signature', keyid },
      createdAt: at,
      updatedAt: at,
      refusal: null,
      delayed: null,
      published: null,
    };
    service.views.set(id, view);
    send(response, view);
  }

  return service;
}

export function problem(response: ServerResponse, code: ProblemCode, detail = 'as a test wants it'): void {
  response.writeHead(PROBLEMS[code], { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status: PROBLEMS[code], code, detail }));
}

function send(response: ServerResponse, value: unknown): void {
  response.end(JSON.stringify(value));
}
