/**
 * What the images and the compose file would run, run without an engine: the same bundle, command line, user without
 * rights, environment and secrets; only addresses, ports and paths are put in.
 */
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminClient } from '../src/admin-client.ts';
import { type Bundles, buildBundles } from '../src/bundles.ts';
import { runToEnd, startChild } from '../src/child.ts';
import { freePorts } from '../src/free-port.ts';
import { nobody } from '../src/nobody.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type TempFolder, tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';
import { INFRA, readCompose, readDockerfile } from './infra-files.ts';

let folder: TempFolder;
let bundles: Bundles;
let dist: string;
beforeAll(async () => {
  folder = await tempFolder('tidegate-images');
  bundles = await buildBundles(join(folder.path, 'dist'));
  dist = bundles.folder;
});
afterAll(() => folder[Symbol.asyncDispose]());

test('every program is one file that names what is in it, with its licences', async () => {
  const programs = await readdir(dist);
  expect(programs).toEqual(expect.arrayContaining(['tidegate-agent', 'tidegate-server', 'tidegate-signer']));
  for (const program of programs) {
    const { code, stdout } = await runToEnd([bundles.program(program), '--help'], { cwd: '/' });
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Usage: ${program} `)]);
    const licences = await readFile(join(dist, program, 'THIRD-PARTY-LICENSES'), 'utf8');
    expect(licences).toMatch(/^commander@15\.\d+\.\d+ \(MIT\)$/m);
    expect(licences).toContain('Permission is hereby granted, free of charge');
  }
});

test('the agent stays small enough for a device', async () => {
  const { size } = await stat(bundles.program('tidegate-agent'));
  expect(size).toBeLessThan(800_000);
});

/** Runs infra/make-secrets.sh into a folder. @returns it */
async function makeSecrets(name: string): Promise<{ path: string; said: string }> {
  const path = join(folder.path, name);
  const { status, stdout, stderr } = spawnSync(join(INFRA, 'make-secrets.sh'), [path], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return { path, said: stdout };
}

test('passwords are made once, random, and out of sight of other users of the machine', async () => {
  const { path, said } = await makeSecrets('made');
  expect(said).toContain('trusted-root');
  const names = ['database-url', 'postgres-password', 'redis-acl', 'redis-url'];
  expect((await readdir(path)).toSorted()).toEqual(names);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  const read = async () => Promise.all(names.map(name => readFile(join(path, name), 'utf8')));
  const before = await read();
  await makeSecrets('made');
  expect(await read()).toEqual(before);
  const [url = '', password = ''] = before;
  expect(password).toMatch(/^[0-9a-f]{48}\n$/);
  expect(url).toBe(`postgresql://tidegate:${password.trim()}@postgres/tidegate\n`);
  expect(before).not.toEqual(
    await Promise.all(names.map(async name => readFile(join((await makeSecrets('other')).path, name), 'utf8'))),
  );
});

test.each(['redis', 'postgresql'])(
  'the server of the compose file starts as nobody with its queue on %s, is found healthy, and ends in order',
  async backend => {
    await using closing = new AsyncDisposableStack();
    const database = await emptyDatabase();
    closing.defer(() => database.drop());
    const { path: secrets } = await makeSecrets(backend);
    await chmod(secrets, 0o755);
    await replace(join(secrets, 'database-url'), `${database.url}\n`);
    await replace(join(secrets, 'trusted-root'), new RepoSim().root());
    const redis = closing.use(await startRedisOf(secrets));
    const image = await readDockerfile(join(INFRA, 'images/server.Dockerfile'));
    const service = (await readCompose()).services['server'];
    const data = join(folder.path, `data-${backend}`);
    await mkdir(data);
    const [port = 0, adminPort = 0] = await freePorts(2);
    const put = (text: string) =>
      text
        .replaceAll('/run/secrets', secrets)
        .replaceAll('/var/lib/tidegate', data)
        .replaceAll('/opt/tidegate', join(dist, 'tidegate-server'))
        .replaceAll(/172\.31\.8\d\.2:8080/g, `127.0.0.1:${port}`)
        .replaceAll(/172\.31\.8\d\.2/g, '127.0.0.1');
    const environment = Object.entries({ ...image.environment, ...service?.environment });
    const [program, ...args] = [...image.entrypoint, ...image.command].map(put);
    expect(program).toBe('node');
    const logFile = join(folder.path, `server-${backend}.log`);
    const before = await readdir(join(dist, 'tidegate-server'));

    const server = await startChild({
      args,
      cwd: put(image.workdir ?? ''),
      env: {
        ...Object.fromEntries(environment.map(([name, value]) => [name, put(value)])),
        TIDEGATE_PORT: String(port),
        TIDEGATE_ADMIN_PORT: String(adminPort),
        // What the run itself was given is not the server's.
        DATABASE_URL: '',
        REDIS_URL: '',
        ...{ redis: {}, postgresql: { REDIS_URL_FILE: '' } }[backend],
      },
      as: nobody(data),
      logFile,
      isReady: line => line.includes('deviceUrl'),
    });
    closing.use(server);
    const admin = adminClient(
      `http://127.0.0.1:${adminPort}`,
      (await readFile(join(data, 'admin-token'), 'utf8')).trim(),
    );
    await until(`the queue on ${backend} to answer`, async () => {
      const { queue } = await admin.get<{ queue: { backend: string; reachable: boolean } }>('/status');
      expect(queue.backend).toBe(backend);
      return queue.reachable || undefined;
    });
    const jobs = { redis: () => redis.keys(), postgresql: () => ['kept in the database'] }[backend];
    await until('the jobs to be registered', () => (jobs?.().length ?? 0) > 0 || undefined);
    const [, node, ...check] = (service?.healthcheck.test ?? []).map(put);
    expect(node).toBe('node');
    expect((await runToEnd(check)).code).toBe(0);
    expect(await server.stop()).toBe(0);
    expect((await runToEnd(check)).code).toBe(1);
    // Nothing went wrong, above all no command that Redis does not grant; and nothing was written beside the program.
    expect(await readFile(logFile, 'utf8')).not.toMatch(/NOPERM|"level":[456]0/);
    expect(await readdir(join(dist, 'tidegate-server'))).toEqual(before);
  },
);

test("the signer of the image makes CI's key as nobody, and says how to go on without words", async () => {
  const image = await readDockerfile(join(INFRA, 'images/signer.Dockerfile'));
  const repository = join(folder.path, 'repository');
  await mkdir(repository);
  const as = nobody(repository);
  const words = (more: readonly string[]) =>
    [...image.entrypoint.slice(1), ...more].map(w => w.replace('/opt/tidegate', join(dist, 'tidegate-signer')));
  expect(await runToEnd(words(image.command), { as })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Usage'),
  });
  await replace(join(folder.path, 'passphrase'), 'correct horse battery staple\n');
  const key = ['key', 'gen', 'ci', '--kind', 'ci', '--passphrase-file', join(folder.path, 'passphrase')];
  expect(await runToEnd(words(key), { cwd: repository, env: image.environment, as })).toMatchObject({
    code: 0,
    stderr: '',
  });
});

/** The Redis of the compose file: the machine's own program with `infra/redis`, as nobody. Puts its port into the secret. */
async function startRedisOf(secrets: string): Promise<AsyncDisposable & { keys(): string[] }> {
  const { services } = await readCompose();
  const [port = 0] = await freePorts(1);
  const own = join(secrets, 'redis');
  await mkdir(own);
  const text = await readFile(join(INFRA, 'redis/redis.conf'), 'utf8');
  const file = join(own, 'redis.conf');
  const placed = text.replace('/run/secrets', secrets).replace('dir /tmp', `dir ${own}`);
  await writeFile(file, placed.replace('bind * -::*', `bind 127.0.0.1\nport ${port}`));
  const { entrypoint = [], command = [] } = services['redis'] ?? {};
  expect([...entrypoint, ...command]).toEqual(['redis-server', '/usr/local/etc/redis/redis.conf']);
  const child = await startChild({
    program: 'redis-server',
    args: [file],
    as: nobody(own),
    logFile: join(own, 'redis.log'),
    isReady: line => line.includes('Ready to accept'),
  });
  const [, cli, ...ping] = services['redis']?.healthcheck.test ?? [];
  expect([cli, spawnSync('redis-cli', ['-p', String(port), ...ping]).status]).toEqual(['redis-cli', 0]);
  const url = (await readFile(join(secrets, 'redis-url'), 'utf8')).trim().replace('redis:6379', `127.0.0.1:${port}`);
  await replace(join(secrets, 'redis-url'), url);
  return {
    keys: () => spawnSync('redis-cli', ['-u', url, '--scan'], { encoding: 'utf8' }).stdout.split('\n').filter(isOurs),
    [Symbol.asyncDispose]: async () => void (await child.stop()),
  };
}

function isOurs(key: string): boolean {
  return key.startsWith('tidegate:');
}

/** Also what is write-protected. */
async function replace(file: string, content: string | Buffer): Promise<void> {
  await rm(file, { force: true });
  await writeFile(file, content, { mode: 0o644 });
}
