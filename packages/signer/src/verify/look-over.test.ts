import { createReadStream } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from '../cli/exit-code.ts';
import { run } from '../cli/program.ts';
import { release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import { lookOver } from './look-over.ts';

let made: TestRepository;
let mirror: AsyncDisposable & { url: string };
beforeEach(async () => {
  made = await signedRepository();
  const { repo, keys } = made;
  await repo.addRelease(release(await made.image('rootfs.img', 'the image')));
  for (const key of [keys.ci, keys.a]) await repo.sign('p-gw2-stable', key.signer);
  await repo.refreshOnline({ snapshot: keys.snap.signer, timestamp: keys.time.signer });
  mirror = await serve(made.dir);
});
afterEach(() => mirror[Symbol.asyncDispose]());

/** The folder as a plain file server has it, artifacts by their names with the hash before them. */
async function serve(dir: string): Promise<typeof mirror> {
  const server = createServer((request, response) => {
    answer(dir, request, response).catch(() => response.destroy());
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(done => server.close(done));
    },
  };
}

async function answer(dir: string, { url = '', method }: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, tuf, kind, ...rest] = url.split('/');
  const name = basename(rest.join('/'));
  const file = kind === 'metadata' ? join(dir, 'metadata', name) : join(dir, 'artifacts', name.split('.')[0] ?? '');
  const about = await stat(file).catch(() => undefined);
  if (tuf !== 'tuf' || !about) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-length': about.size });
  if (method === 'HEAD') response.end();
  else createReadStream(file).pipe(response);
}

async function look(source: string, more: Partial<Parameters<typeof lookOver>[0]> = {}) {
  const root = await readFile(join(made.dir, 'metadata', '1.root.json'));
  return lookOver({ source, root, now: () => START, ...more });
}

async function artifact(): Promise<string> {
  const [name = ''] = await readdir(join(made.dir, 'artifacts'));
  return join(made.dir, 'artifacts', name);
}

const found = (code: string, severity: string) => expect.objectContaining({ code, severity }) as unknown;

test('a stranger finds every list and image of a sound server, and nothing to be said against them', async () => {
  for (const wholeArtifacts of [false, true]) {
    const { roles, targets, findings } = await look(mirror.url, { wholeArtifacts });
    expect(roles.map(r => r.role)).toContain('p-gw2-stable');
    expect(targets).toHaveLength(1);
    expect(findings).toEqual([]);
  }
  expect((await look(`${mirror.url}/tuf/metadata/`)).findings).toEqual([]);
  expect((await look(made.dir, { wholeArtifacts: true })).findings).toEqual([]);
});

test('an image that was exchanged for one of the same length is found by reading it', async () => {
  await writeFile(await artifact(), 'another. ');
  expect((await look(mirror.url)).findings).toEqual([]);
  expect((await look(mirror.url, { wholeArtifacts: true })).findings).toEqual([found('artifact-differs', 'error')]);
  expect((await look(made.dir, { wholeArtifacts: true })).findings).toEqual([found('artifact-differs', 'error')]);
});

test('an image of another length, endless or missing, is found without reading it to its end', async () => {
  await writeFile(await artifact(), 'the image and more');
  expect((await look(mirror.url)).findings).toEqual([found('artifact-differs', 'error')]);
  expect((await look(mirror.url, { wholeArtifacts: true })).findings).toEqual([found('artifact-differs', 'error')]);
  expect((await look(mirror.url, { targetsUrl: `${mirror.url}/elsewhere` })).findings).toEqual([
    found('artifact-missing', 'error'),
  ]);
});

test('a channel that machines alone release to is told by who knows the keys', async () => {
  const keys = (await made.repo.keys()).map(k => ({ ...k, kind: k.name === 'a' ? ('ci' as const) : k.kind }));
  expect((await look(mirror.url, { keys })).findings).toContainEqual(found('key-kind', 'error'));
});

test('the command exits with 0 on warnings, with 4 under --strict and on errors, and prints one JSON value', async () => {
  const verify = async (...more: string[]) => {
    const out: string[] = [];
    const root = join(made.dir, 'metadata', '1.root.json');
    const code = await run(['verify', mirror.url, '--root', root, '--json', ...more], {
      out: text => out.push(text),
      err: () => {},
      env: {},
      now: () => new Date(START.getTime() + 2.5 * 86_400_000),
      pause: async () => {},
      live: false,
      askSecret: undefined,
      confirm: undefined,
    });
    return { code, ...(JSON.parse(out.join('')) as { findings: unknown[] }) };
  };
  const warned = [found('expires-soon', 'warning')];
  expect(await verify()).toMatchObject({ code: EXIT.ok, findings: warned });
  expect(await verify('--repo', made.dir)).toMatchObject({ code: EXIT.ok, findings: warned });
  expect(await verify('--strict')).toMatchObject({ code: EXIT.verificationFailed });
  await writeFile(await artifact(), 'x');
  expect(await verify()).toMatchObject({ code: EXIT.verificationFailed });
});
