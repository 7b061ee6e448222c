/** A publication that is not right in every part changes nothing, and says which check failed. */
import { METADATA_BASE, type ReleaseView } from '@tidegate/protocol';
import { emptyDatabase } from '@tidegate/server/testing';
import { beforeEach, afterEach, describe, expect, test } from 'vitest';
import { ProblemError } from '../src/admin-client.ts';
import { type OwnServer, startOwnServer } from '../src/own-server.ts';
import { push, type PushOptions, put } from '../src/push.ts';
import { makeKey, RepoSim, signed } from '../src/repo-sim.ts';

let repo: RepoSim;
let server: OwnServer;
let database: Awaited<ReturnType<typeof emptyDatabase>>;

beforeEach(async () => {
  // A list that was not changed must keep its bytes: its expiry counts from one moment.
  const now = Date.now();
  repo = new RepoSim({ now: () => now });
  repo.release(Buffer.from('one'), { version: '1.0.0', counter: 1 });
  database = await emptyDatabase();
  server = await startOwnServer({ databaseUrl: database.url, root: repo.root() });
  await server.admin.post('/products', { name: 'gw2' });
  await push(server, repo);
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await database.drop();
});

async function served(): Promise<string> {
  const timestamp = await (await fetch(`${server.server.deviceUrl}${METADATA_BASE}/timestamp.json`)).text();
  const { items } = await server.admin.get<{ items: ReleaseView[] }>('/releases');
  return timestamp + JSON.stringify(items);
}

async function refusal(options: PushOptions = {}): Promise<string> {
  const before = await served();
  const error = await push(server, repo, options).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ProblemError);
  expect(await served()).toBe(before);
  const { code, detail } = (error as ProblemError).problem;
  return `${code}: ${detail}`;
}

const file = (role: string) => `${repo.versions[role]}.${role}.json`;

function body(name: string): object {
  return (JSON.parse(repo.file(name).toString()) as { signed: object }).signed;
}

describe('a publication', () => {
  test('that is right becomes visible, and once more changes nothing', async () => {
    const path = repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    const before = await served();
    const answer = await push(server, repo);
    expect(answer).toMatchObject({ newTargets: [path], timestampVersion: repo.versions['timestamp'] });
    const after = await served();
    expect(after).not.toBe(before);
    expect(await push(server, repo)).toMatchObject({ newTargets: [] });
    expect(await served()).toBe(after);
  });

  test.each(['timestamp', 'snapshot', 'p-gw2-stable'])('with a damaged %s is refused', async role => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    const name = role === 'timestamp' ? 'timestamp.json' : file(role);
    const damaged = Buffer.from(repo.file(name).toString().replace('"version":', '"version": 1'));
    expect(await refusal({ metadata: { [name]: damaged } })).toContain(name);
  });

  test.each(['timestamp', 'snapshot', 'p-gw2-stable'])('whose %s is signed by a stranger is refused', async role => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    const name = role === 'timestamp' ? 'timestamp.json' : file(role);
    const forged = signed(body(name), [makeKey(), makeKey()]);
    expect(await refusal({ metadata: { [name]: forged } })).toMatch(/metadata-invalid: .*json/);
  });

  test('whose channel is signed below its threshold is refused', async () => {
    repo.addFirmware(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    repo.bump(repo.role);
    repo.writeDelegated(repo.role, repo.delegated[repo.role]?.keys.slice(0, 1));
    repo.writeSnapshot();
    repo.writeTimestamp();
    expect(await refusal()).toContain(file(repo.role));
  });

  test('with an older timestamp is refused', async () => {
    const old = repo.file('timestamp.json');
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    await push(server, repo);
    expect(await refusal({ metadata: { 'timestamp.json': old } })).toMatch(/^(version-conflict|metadata-invalid)/);
  });

  test('whose channel goes back to an older version is refused', async () => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    await push(server, repo);
    repo.versions[repo.role] = 1;
    repo.writeSnapshot();
    repo.writeTimestamp();
    expect(await refusal()).toContain(repo.role);
  });

  test('that lacks a role of its snapshot is refused', async () => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    expect(await refusal({ metadata: { [file(repo.role)]: null } })).toMatch(/publication-incomplete: .*p-gw2-stable/);
  });

  test('that lacks an artifact is refused', async () => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    expect(await refusal({ withoutArtifacts: true })).toContain('publication-incomplete');
  });

  test('that gives a known path another hash is refused', async () => {
    repo.release(Buffer.from('other bytes'), { version: '1.0.0', counter: 1 });
    expect(await refusal()).toContain('gw2/stable/app/1.0.0/app.bin');
  });

  test("that signs another product's path is refused", async () => {
    repo.addTarget(repo.role, 'cam1/stable/app/1.0.0/app.bin', Buffer.from('x'));
    repo.publish([repo.role]);
    expect(await refusal()).toContain('cam1/stable/app/1.0.0/app.bin');
  });

  test('that gives two versions one counter is refused', async () => {
    repo.release(Buffer.from('two'), { version: '1.1.0', counter: 1 });
    expect(await refusal()).toContain('counter');
  });

  test('that has expired is refused', async () => {
    repo.addFirmware(Buffer.from('two'), { version: '1.1.0', counter: 2 });
    repo.expiresAt[repo.role] = Date.now() - 1000;
    repo.publish([repo.role]);
    expect(await refusal()).toContain('expired');
  });
});

test('an artifact that is not what its name says leaves nothing behind', async () => {
  const { id } = await server.admin.post<{ id: string }>('/publications', { idempotencyKey: 'a'.repeat(16) });
  const name = 'f'.repeat(64);
  await expect(put(server, `/publications/${id}/artifacts/${name}`, Buffer.from('x'))).rejects.toThrow('hash-mismatch');
  expect((await server.admin.get<{ artifacts: string[] }>(`/publications/${id}`)).artifacts).not.toContain(name);
});
