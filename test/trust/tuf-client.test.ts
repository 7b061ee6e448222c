/** The plain TUF client against a repository in memory that holds every key. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import {
  createHttpClient,
  downloadTuf,
  durableFiles,
  initTuf,
  type PlainTufClient,
  refreshTuf,
  systemClock,
} from '@tidegate/agent';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { makeKey, RepoSim } from '../src/repo-sim.ts';
import { freeze, type StaticServer } from '../src/static-server.ts';
import { CONTENT, type PlainGround, plainGround } from './plain-client.ts';

const http = createHttpClient();
afterAll(() => http.close());

let ground: PlainGround;
let repo: RepoSim;
let server: StaticServer;
let path: string;

beforeEach(async () => {
  ground = await plainGround();
  ({ repo, server, path } = ground);
});
afterEach(() => ground[Symbol.asyncDispose]());

const at = (...parts: string[]) => ground.at(...parts);
const client = (): PlainTufClient => ({
  files: durableFiles,
  http,
  clock: systemClock,
  signal: new AbortController().signal,
  metadataDir: at('lists'),
});
const init = (file = at('factory.json')) => initTuf(client(), file);
const refresh = () => refreshTuf(client(), ground.metadataUrl);
const download = (...targetNames: string[]) =>
  downloadTuf(client(), {
    metadataUrl: ground.metadataUrl,
    targetBaseUrl: ground.targetsUrl,
    targetNames: targetNames.length === 0 ? [path] : targetNames,
    targetDir: at('targets'),
  });
const versionOf = async (role: string) =>
  (JSON.parse(await readFile(at('lists', `${role}.json`), 'utf8')) as { signed: { version: number } }).signed.version;

test('trusts a root, follows the lists as plain files, and brings a target by way of its delegation', async () => {
  expect(await init()).toEqual({ root: 1 });
  expect(await refresh()).toEqual({ root: 1, timestamp: 2, snapshot: 2, targets: 1 });
  const file = at('targets', encodeURIComponent(path));
  expect(await download()).toMatchObject([{ file, path, lengthBytes: CONTENT.length }]);
  expect(await readFile(file)).toEqual(CONTENT);
  expect(await readdir(at('targets'))).toEqual([encodeURIComponent(path)]);
  const names = ['p-gw2-stable.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json'];
  expect((await readdir(at('lists'))).filter(name => name !== 'h-gw2.json')).toEqual(names);
});

test('does not fetch again what lies there already, and replaces what was changed', async () => {
  await init();
  await download();
  const asked = () => server.requests.filter(r => r.startsWith('/tuf/targets')).length;
  await download();
  expect(asked()).toBe(1);
  await writeFile(at('targets', encodeURIComponent(path)), 'other bytes');
  await download();
  expect(asked()).toBe(2);
  expect(await readFile(at('targets', encodeURIComponent(path)))).toEqual(CONTENT);
});

test('walks through rotations of root and online keys, and keeps the newer root where the rest fails', async () => {
  await init();
  repo.rotate('root', [makeKey(), makeKey()], 2);
  repo.rotate('timestamp', [makeKey()]);
  repo.publish();
  server.twist('timestamp.json', { kind: 'status', status: 500 });
  await expect(refresh()).rejects.toMatchObject({ code: 'network' });
  expect(await versionOf('root')).toBe(3);
  server.honest();
  await refresh();
});

test.each<[string, string, () => void]>([
  ['an older timestamp', 'metadata-rollback', () => server.serve({ ...repo, metadata: old.metadata })],
  ['a timestamp that has expired', 'metadata-expired', () => expire('timestamp')],
  ['a snapshot that has expired', 'metadata-expired', () => expire('snapshot')],
  ['a list signed by a stranger', 'metadata-signature', () => signByStranger()],
  ['a root that the old keys did not sign', 'metadata-signature', () => usurp()],
  ['a list without end', 'metadata-too-large', () => server.twist('timestamp.json', { kind: 'endless' })],
  ['what is no list', 'metadata-malformed', () => server.twist('timestamp.json', { kind: 'replace', bytes: CONTENT })],
])('refuses %s, keeps what it had and goes on later', async (_what, code, attack) => {
  await init();
  old = freeze(repo);
  repo.publish();
  await refresh();
  const before = await versionOf('timestamp');
  attack();
  await expect(refresh()).rejects.toMatchObject({ code });
  expect(await versionOf('targets')).toBe(1);
  expect(await versionOf('timestamp')).toBeGreaterThanOrEqual(before);
  restore();
  await refresh();
});

test.each<[string, () => void, string]>([
  ['bytes that were changed', () => server.twist('app.bin', { kind: 'replace', bytes: flipped }), 'artifact-hash'],
  ['more bytes than were signed', () => server.twist('app.bin', { kind: 'announce', bytes: 1e9 }), 'artifact-length'],
  ['a role that signs outside of its paths', () => addForeign(), 'target-not-signed'],
])('does not take %s for a target', async (_what, attack, code) => {
  await init();
  attack();
  await expect(download(code === 'target-not-signed' ? FOREIGN : path)).rejects.toMatchObject({ code });
  expect((await readdir(at('targets')).catch(() => [])).filter(name => name !== '.tidegate')).toEqual([]);
});

test.each(['toString', '..', '.', 'gw2/../../etc/passwd', ''])('no list names %j', async name => {
  await init();
  await expect(download(name)).rejects.toMatchObject({ code: 'target-not-signed' });
  expect(await readdir(at('targets')).catch(() => [])).toEqual([]);
});

test('brings several targets of one state, one after the other, and ends with the first that fails', async () => {
  const other = repo.release(Buffer.from('other bytes'), { version: '1.2.0', counter: 3 }, 'other.bin');
  await init();
  await expect(download(path, 'gw2/stable/app/6.6.6/app.bin', other)).rejects.toThrow('no list names');
  expect(await readdir(at('targets'))).toEqual([encodeURIComponent(path)]);
  expect((await download(path, other)).map(d => d.path)).toEqual([path, other]);
  expect(server.requests.filter(r => r.startsWith('/tuf/targets'))).toHaveLength(2);
});

test('goes on with a download that broke off', async () => {
  const large = Buffer.alloc(3 * 1024 ** 2, 'x');
  path = repo.release(large, { version: '1.2.0', counter: 3 }, 'large.bin');
  await init();
  server.twist('large.bin', { kind: 'cut', after: 2 * 1024 ** 2 });
  await expect(download()).rejects.toMatchObject({ code: 'network' });
  server.honest();
  await download();
  expect(server.requests.at(-1)).toMatch(/large\.bin bytes=\d{6,}-$/);
  expect((await readFile(at('targets', encodeURIComponent(path)))).equals(large)).toBe(true);
});

test('begins with nothing but a root that signs itself, and with no other once one is trusted', async () => {
  await writeFile(at('none.json'), '{}');
  for (const name of ['none.json', 'missing.json'])
    await expect(init(at(name))).rejects.toMatchObject({ code: 'metadata-malformed' });
  await expect(refresh()).rejects.toMatchObject({ code: 'metadata-malformed' });
  await init();
  await init();
  await writeFile(at('other.json'), new RepoSim().root());
  await expect(init(at('other.json'))).rejects.toThrow('already');
});

const flipped = Buffer.from(CONTENT.map((byte, i) => (i === 3 ? byte ^ 1 : byte)));
const FOREIGN = 'cam1/stable/app/1.0.0/app.bin';
let old: ReturnType<typeof freeze>;

function addForeign(): void {
  repo.addTarget(repo.role, FOREIGN, CONTENT);
  repo.publish([repo.role]);
}

function expire(role: string): void {
  repo.expiresAt[role] = Date.now() - 1000;
  repo.publish();
}

function signByStranger(): void {
  const honest = repo.keys.timestamp;
  repo.keys.timestamp = { keys: [makeKey()], threshold: 1 };
  repo.publish();
  repo.keys.timestamp = honest;
}

function usurp(): void {
  const honest = repo.keys.root;
  repo.keys.root = { keys: [makeKey()], threshold: 1 };
  repo.bump('root');
  repo.writeRoot();
  repo.keys.root = honest;
}

/** The honest signer goes on. */
function restore(): void {
  delete repo.expiresAt['timestamp'];
  delete repo.expiresAt['snapshot'];
  repo.writeRoot();
  repo.publish();
  server.serve(repo);
  server.honest();
}
