import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appendFile, chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EXIT } from '../cli/exit-code.ts';
import { run } from '../cli/program.ts';
import { alone } from '../store/lock.ts';
import { contentsOf } from '../test-small-disk.ts';
import { release, signedRepository, START, type TestRepository } from '../test-repository.ts';
import { clockDiagnoses } from './clock-check.ts';
import { type Diagnosis, DOCTOR_CODES } from './diagnosis.ts';
import { diskDiagnoses } from './disk-check.ts';
import { examine, type Workplace } from './examine.ts';
import { nodeDiagnoses } from './node-check.ts';

let made: TestRepository;
beforeEach(async () => {
  made = await signedRepository();
  await made.repo.addRelease(release(await made.image('first.img', 'first')));
  for (const key of [made.keys.ci, made.keys.a]) await made.repo.sign('p-gw2-stable', key.signer);
  await made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });
});

function ask(said: Partial<Workplace> = {}): Promise<readonly Diagnosis[]> {
  return examine({ repo: made.dir, keys: join(made.dir, '..'), now: () => START, deep: false, ...said });
}

/** What is not well; a repository that was never published says so. */
async function complaints(said: Partial<Workplace> = {}): Promise<readonly Diagnosis[]> {
  return (await ask(said)).filter(d => d.severity !== 'ok' && d.code !== 'never-published');
}

const found = (check: string, code: string, severity: Diagnosis['severity'], more: Partial<Diagnosis> = {}) =>
  expect.objectContaining({ check, code, severity, ...more, remedy: expect.stringMatching(/\S/) });

test('a sound workplace is said to be sound, check by check, and nothing in it is changed', async () => {
  const before = await contentsOf(made.dir);
  expect(await complaints({ deep: true })).toEqual([]);
  expect(new Set((await ask()).map(d => d.check))).toEqual(
    new Set(['node', 'folder', 'keys', 'clock', 'disk', 'lock', 'left-overs', 'config', 'artifacts', 'publishing']),
  );
  expect(await contentsOf(made.dir)).toEqual(before);
});

describe('what a kill or a slip leaves', () => {
  test('a lock whose owner is gone, and files that were being written; all of it stays where it is', async () => {
    const lock = join(made.dir, '.lock');
    const held = await alone(made.dir, () => readFile(lock, 'utf8'));
    await writeFile(lock, held.replace(/^\d+/, '999999999'));
    await writeFile(join(made.dir, 'artifacts', 'incoming.abc.tmp'), 'half');
    await writeFile(join(made.dir, 'published.json.abc.tmp'), 'half');
    const before = await contentsOf(made.dir);
    expect(await complaints()).toEqual([
      found('lock', 'lock-stale', 'warning'),
      found('left-overs', 'left-over', 'warning', { path: join(made.dir, 'artifacts', 'incoming.abc.tmp') }),
      found('left-overs', 'left-over', 'warning', { path: join(made.dir, 'published.json.abc.tmp') }),
    ]);
    expect(await contentsOf(made.dir)).toEqual(before);
  });

  test('a lock that is held says who works there, and their files are nobody’s left-overs', async () => {
    await writeFile(join(made.dir, 'staged', 'root.json.abc.tmp'), 'half');
    const busy = found('lock', 'repository-busy', 'warning');
    expect(await alone(made.dir, () => complaints())).toEqual([busy]);
    await writeFile(join(made.dir, '.lock'), '1 - another-boot/another-container some-id\n');
    expect(await complaints()).toEqual([busy]);
  });

  test('an image that is gone, one that no list names, and, read whole, one of which a bit was flipped', async () => {
    const artifacts = join(made.dir, 'artifacts');
    const [name = ''] = await readdir(artifacts);
    await writeFile(join(artifacts, 'cd'.repeat(32)), 'left over');
    const bytes = await readFile(join(artifacts, name));
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(join(artifacts, name), bytes);
    const orphaned = found('artifacts', 'artifact-orphaned', 'warning');
    expect(await complaints()).toEqual([orphaned]);
    const seen: number[] = [];
    const onProgress = (done: number, total: number) => void seen.push(done / total);
    expect(await complaints({ deep: true, onProgress })).toEqual([
      found('artifacts', 'artifact-differs', 'error'),
      orphaned,
    ]);
    expect(seen.at(-1)).toBe(1);
    await rm(join(artifacts, name));
    expect(await complaints()).toContainEqual(found('artifacts', 'artifact-missing', 'error'));
  });

  test('a key file that others can read, and one that was damaged', async () => {
    const [a, b] = [made.keys.a.path, made.keys.b.path];
    await chmod(a, 0o640);
    await appendFile(b, 'x');
    expect(await complaints()).toEqual([
      found('keys', 'key-open-to-others', 'error', { path: a }),
      found('keys', 'key-file-invalid', 'error', { path: b }),
    ]);
  });

  test('a set that was signed and did not go out', async () => {
    const note = { format: 1, at: '2026-03-01T12:00:00Z', versions: { timestamp: 1 } };
    await writeFile(join(made.dir, 'published.json'), JSON.stringify(note));
    expect(await complaints()).toEqual([found('publishing', 'publish-interrupted', 'warning')]);
  });

  test('a config with an unknown key, and settings that hold for nothing', async () => {
    const config = join(made.dir, 'tidegate-signer.yaml');
    const text = await readFile(config, 'utf8');
    await writeFile(config, `${text.replace('timestamp: 3', 'timestamp: 30')}products:\n  gw22:\n    sbom: required\n`);
    expect(await complaints()).toEqual([
      found('config', 'expiry-unusual', 'warning'),
      found('config', 'policy-unused', 'warning', { path: '/products/gw22' }),
    ]);
    await writeFile(config, `${text}chanels: []\n`);
    expect(await complaints()).toEqual([found('config', 'repository-damaged', 'error')]);
  });

  test('a folder that is not there is not made', async () => {
    const repo = join(made.dir, '..', 'elsewhere');
    expect(await complaints({ repo })).toContainEqual(found('folder', 'folder-missing', 'error', { path: repo }));
    await expect(stat(repo)).rejects.toMatchObject({ code: 'ENOENT' });
    await chmod(join(made.dir, 'staged'), 0o777);
    expect(await complaints()).toEqual([found('folder', 'folder-open-to-others', 'warning')]);
  });
});

describe('the server that devices ask', () => {
  let server: Server;
  let url: string;
  let date: Date;
  /** Files that it serves. */
  let files: Map<string, Buffer>;
  beforeEach(async () => {
    date = START;
    files = new Map();
    const metadata = join(made.dir, 'metadata');
    for (const name of await readdir(metadata)) files.set(name, await readFile(join(metadata, name)));
    server = createServer((request, response) => {
      const bytes = files.get(request.url?.split('/').at(-1) ?? '');
      response.writeHead(bytes ? 200 : 404, { date: date.toUTCString() }).end(bytes);
    });
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise(done => server.close(done)));

  const refresh = () => made.repo.refreshOnline({ snapshot: made.keys.snap.signer, timestamp: made.keys.time.signer });

  test('serves what lies here, lags behind it, and is ahead of it', async () => {
    expect(await complaints({ server: url })).toEqual([]);
    await refresh();
    expect(await complaints({ server: url })).toEqual([found('server', 'server-behind', 'warning')]);
    const newer = (await readFile(join(made.dir, 'metadata', 'timestamp.json'), 'utf8')).replace(
      '"version":3',
      '"version":9',
    );
    files.set('timestamp.json', Buffer.from(newer));
    files.set('2.root.json', Buffer.from('{}'));
    expect(await complaints({ server: url })).toEqual([
      found('server', 'server-ahead', 'error', { message: expect.stringContaining('root 2') as string }),
      found('server', 'server-ahead', 'error', { message: expect.stringContaining('timestamp 9') as string }),
    ]);
  });

  test('serves another timestamp of the same number', async () => {
    const timestamp = files.get('timestamp.json')?.toString() ?? '';
    files.set('timestamp.json', Buffer.from(`${timestamp} `));
    expect(await complaints({ server: url })).toEqual([found('server', 'server-differs', 'error')]);
  });

  test('has another clock than this machine', async () => {
    date = new Date(START.getTime() - 3600_000);
    expect(await complaints({ server: url })).toEqual([
      found('clock', 'clock-off', 'error', { message: expect.stringContaining('3600 s ahead') as string }),
    ]);
  });

  test('is named by the config, and is not there', async () => {
    await appendFile(join(made.dir, 'tidegate-signer.yaml'), 'server: http://127.0.0.1:1\n');
    expect(await complaints()).toEqual([found('server', 'server-unreachable', 'error')]);
    files.clear();
    expect(await complaints({ server: url })).toContainEqual(found('server', 'server-unreachable', 'error'));
  });
});

test('whatever the two clocks say, a difference is told exactly where it is more than is harmless', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 0, max: 20 }), (offSeconds, tookSeconds) => {
      const answeredAt = new Date(START.getTime() + offSeconds * 1000);
      const served = { date: START, answeredAt, tookSeconds };
      const [first] = clockDiagnoses({ now: answeredAt, issued: undefined, served });
      expect(first?.code).toBe(Math.abs(offSeconds) > 301 + tookSeconds ? 'clock-off' : 'sound');
    }),
  );
});

test('every code of its own has its place in the docs', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/doctor.md'), 'utf8');
  const missing = DOCTOR_CODES.filter(code => code !== 'sound' && !page.includes(`\`${code}\``));
  expect(missing).toEqual([]);
});

test('an old Node and a small disk are told', () => {
  expect(nodeDiagnoses('22.4.0')).toEqual([found('node', 'node-old', 'error')]);
  const dir = '/srv/repository';
  const code = (freeBytes: number | undefined) => diskDiagnoses({ dir, freeBytes, largestArtifactBytes: 1e9 })[0]?.code;
  expect([undefined, 2e9, 1e8, 1e5].map(code)).toEqual(['sound', 'sound', 'disk-low', 'disk-full']);
});

test('the command prints lines or one value, and exits with 4 on errors, or on warnings under --strict', async () => {
  const cli = async (...args: string[]) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await run(['doctor', ...args, '--repo', made.dir, '--keys', join(made.dir, '..')], {
      out: text => out.push(text),
      err: text => err.push(text),
      env: {},
      now: () => START,
      pause: async () => {},
      live: false,
      askSecret: undefined,
      confirm: undefined,
    });
    return { code, out: out.join(''), err: err.join('') };
  };
  const well = await cli();
  expect(well).toMatchObject({ code: EXIT.ok, err: '' });
  expect(well.out).toContain('warning publishing: ');
  expect(await cli('--strict')).toMatchObject({ code: EXIT.verificationFailed });
  await chmod(made.keys.ci.path, 0o644);
  const ill = await cli('--json');
  expect(ill).toMatchObject({ code: EXIT.verificationFailed });
  expect(JSON.parse(ill.out)).toMatchObject({
    diagnoses: expect.arrayContaining([found('keys', 'key-open-to-others', 'error')]) as object,
  });
  expect(JSON.parse(ill.err)).toMatchObject({ error: { code: 'lint-failed' } });
});
