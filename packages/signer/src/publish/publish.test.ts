import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { release, signedRepository, type TestRepository } from '../test-repository.ts';

const refused = (code: string, message = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const TOKEN = 'releaser-token';
const ID = '0'.repeat(32);

/** A server that speaks the publishing contract and keeps what it gets; `fault` may answer in its stead. */
class FakeServer {
  readonly requests: string[] = [];
  readonly artifacts = new Map<string, Buffer>();
  readonly metadata = new Map<string, Buffer>();
  readonly keys = new Set<string>();
  state = 'open';
  fault: ((what: string, response: ServerResponse) => boolean) | undefined;
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  async listen(): Promise<string> {
    await new Promise<void>(done => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(done => this.#server.close(done));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/api/admin/v1/publications', '');
    const what = `${request.method} ${path}`;
    this.requests.push(what);
    if (this.fault?.(what, response)) return;
    if (what === 'GET /tuf/metadata/timestamp.json') return void response.end(this.metadata.get('timestamp.json'));
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return problem(response, 401, 'unauthenticated');
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const [, , kind, name = ''] = path.split('/');
    if (kind === 'artifacts') {
      if (createHash('sha256').update(body).digest('hex') !== name) return problem(response, 422, 'hash-mismatch');
      this.artifacts.set(name, body);
    } else if (kind === 'metadata') {
      this.metadata.set(name, body);
    } else if (kind === 'commit') {
      this.state = 'committed';
      return void response.end(JSON.stringify({ id: ID, timestampVersion: 2, newTargets: ['a/b/c/d/e'] }));
    } else {
      this.keys.add((JSON.parse(body.toString()) as { idempotencyKey: string }).idempotencyKey);
      const { state, artifacts, metadata } = this;
      return void response.end(
        JSON.stringify({ id: ID, state, artifacts: [...artifacts.keys()], metadata: [...metadata.keys()] }),
      );
    }
    response.writeHead(204).end();
  }
}

function problem(response: ServerResponse, status: number, code: string, more: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, ...more }));
}

describe('publishing', () => {
  let made: TestRepository;
  let server: FakeServer;
  let url: string;
  beforeEach(async () => {
    made = await signedRepository();
    const { repo, keys, image } = made;
    for (const name of ['one.img', 'two.img']) {
      await repo.addRelease(release(await image(name, name.repeat(100_000)), { version: name }));
    }
    for (const key of [keys.ci, keys.a]) await repo.sign('p-gw2-stable', key.signer);
    await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
    server = new FakeServer();
    url = await server.listen();
  });
  afterEach(() => server.close());

  test('sends artifacts, roots, roles, snapshot, and the timestamp last, then commits and reads back', async () => {
    const progress: string[] = [];
    const answer = await made.repo.publish({
      url,
      token: TOKEN,
      readBackUrl: url,
      onProgress: ({ file, doneBytes, totalBytes }) => doneBytes === totalBytes && progress.push(file),
    });
    expect(answer.newTargets).toEqual(['a/b/c/d/e']);
    const files = server.requests.map(r => r.replace(`/${ID}`, '').replace(/artifacts\/.*/, 'artifacts'));
    expect(files).toEqual([
      'POST ',
      'PUT /artifacts',
      'PUT /artifacts',
      'PUT /metadata/1.root.json',
      'PUT /metadata/1.targets.json',
      'PUT /metadata/1.h-gw2.json',
      'PUT /metadata/2.p-gw2-stable.json',
      'PUT /metadata/1.p-gw2-beta.json',
      'PUT /metadata/2.snapshot.json',
      'PUT /metadata/timestamp.json',
      'POST /commit',
      'GET /tuf/metadata/timestamp.json',
    ]);
    expect(progress).toHaveLength(9);
    expect((await made.repo.status()).map(r => [r.role, r.unpublished])).not.toContainEqual([expect.anything(), true]);
    expect(server.metadata.get('timestamp.json')).toEqual(await readFile(join(made.dir, 'metadata', 'timestamp.json')));
  });

  test('goes on where it was cut off', async () => {
    server.fault = (what, response) => {
      if (!what.includes('2.p-gw2-stable')) return false;
      response.destroy();
      return true;
    };
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('network'));
    server.fault = undefined;
    server.requests.length = 0;
    await made.repo.publish({ url, token: TOKEN });
    expect(server.requests.filter(r => r.includes('artifacts'))).toEqual([]);
    expect(server.requests.filter(r => r.includes('root.json'))).toEqual([]);
    expect(server.keys.size).toBe(1);
  });

  test('says that versions moved, in the server’s words', async () => {
    server.fault = (what, response) => {
      if (!what.includes('commit')) return false;
      problem(response, 409, 'version-conflict', {
        detail: 'timestamp.json is version 7 here.',
        path: '/timestamp.json',
      });
      return true;
    };
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(
      refused('publication-conflict', /version-conflict: timestamp\.json is version 7 here\. \(at \/timestamp\.json\)/),
    );
  });

  test('hears a refusal that comes before the body is through', async () => {
    await expect(made.repo.publish({ url, token: 'other' })).rejects.toEqual(
      refused('server-refused', /unauthenticated/),
    );
    server.fault = (what, response) => {
      if (!what.includes('artifacts')) return false;
      problem(response, 507, 'disk-full');
      return true;
    };
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('server-refused', /disk-full/));
  });

  test('uploads nothing that a device would refuse, nor without its artifacts', async () => {
    const timestamp = join(made.dir, 'metadata', 'timestamp.json');
    const good = await readFile(timestamp);
    await rm(timestamp);
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('role-unsigned'));
    await writeFile(timestamp, good);
    const artifacts = join(made.dir, 'artifacts');
    const [name = ''] = await readdir(artifacts);
    await rename(join(artifacts, name), join(made.dir, name));
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('artifact-missing'));
    expect(server.requests.splice(0)).toEqual(['POST ']);
    await rename(join(made.dir, name), join(artifacts, name));
    made.later(4);
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('expired'));
    expect(server.requests).toEqual([]);
  });

  test('reads no endless answer, and sends its token over no open line', async () => {
    server.fault = (_what, response) => {
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', pour);
      pour();
      return true;
    };
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('network', /longer than/));
    await expect(made.repo.publish({ url: 'http://updates.example', token: TOKEN })).rejects.toEqual(
      refused('insecure-url'),
    );
  });

  test('tells where devices get something else than was published', async () => {
    server.fault = (what, response) => {
      if (!what.startsWith('GET')) return false;
      response.end('{}');
      return true;
    };
    await expect(made.repo.publish({ url, token: TOKEN, readBackUrl: url })).rejects.toEqual(
      refused('read-back-differs'),
    );
  });

  test('sends nothing to a server that speaks of a state that it does not know', async () => {
    server.state = 'rejected';
    await expect(made.repo.publish({ url, token: TOKEN })).rejects.toEqual(refused('server-answer-invalid'));
    expect(server.artifacts.size).toBe(0);
  });
});
