/**
 * What the images and the compose file would run, run without an engine: the same bundle, command line, user without
 * rights, environment and secrets; only addresses, ports and paths are put in.
 */
import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyDatabase } from '@tidegate/server/testing';
import { verifyRepository } from '@tidegate/signer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOidcProvider } from '../ci/oidc-provider.ts';
import { openMaker, PASSPHRASE } from '../signing-service/maker.ts';
import { adminClient } from '../src/admin-client.ts';
import { type Bundles, buildBundles } from '../src/bundles.ts';
import { runToEnd, startChild } from '../src/child.ts';
import { freePorts } from '../src/free-port.ts';
import { nobody } from '../src/nobody.ts';
import { RepoSim } from '../src/repo-sim.ts';
import { type TempFolder, tempFolder } from '../src/temp-folder.ts';
import { writeTlsFiles } from '../src/tls-files.ts';
import { until } from '../src/until.ts';
import { startRedisOf } from './compose-redis.ts';
import { INFRA, readCompose, readDockerfile } from './infra-files.ts';
import { makeSecrets, replace } from './made-secrets.ts';

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
    expect(licences).toMatch(/^(@[\w-]+\/)?[\w.-]+@\d+\.\d+\.\d+ \(MIT\)$/m);
    expect(licences).toContain('Permission is hereby granted, free of charge');
  }
});

test('the agent stays small enough for a device', async () => {
  const { size } = await stat(bundles.program('tidegate-agent'));
  expect(size).toBeLessThan(320_000);
});

test('passwords are made once, random, and out of sight of other users of the machine', async () => {
  const path = join(folder.path, 'made');
  expect(makeSecrets(path)).toContain('trusted-root');
  const names = [
    'database-url',
    'postgres-password',
    'redis-acl',
    'redis-url',
    'signing-redis-acl',
    'signing-redis-url',
  ];
  expect((await readdir(path)).toSorted()).toEqual(names);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  const read = async (from: string) => Promise.all(names.map(name => readFile(join(from, name), 'utf8')));
  const before = await read(path);
  makeSecrets(path);
  expect(await read(path)).toEqual(before);
  const [url = '', password = ''] = before;
  expect(password).toMatch(/^[0-9a-f]{48}\n$/);
  expect(url).toBe(`postgresql://tidegate:${password.trim()}@postgres/tidegate\n`);
  makeSecrets(join(folder.path, 'other'));
  const other = await read(join(folder.path, 'other'));
  expect(before.filter((text, i) => text === other[i])).toEqual([]);
});

test.each(['redis', 'postgresql'])(
  'the server of the compose file starts as nobody with its queue on %s, is found healthy, and ends in order',
  async backend => {
    await using closing = new AsyncDisposableStack();
    const database = await emptyDatabase();
    closing.defer(() => database.drop());
    const secrets = join(folder.path, `secrets-${backend}`);
    makeSecrets(secrets);
    await chmod(secrets, 0o755);
    await replace(join(secrets, 'database-url'), `${database.url}\n`);
    await replace(join(secrets, 'trusted-root'), new RepoSim().root());
    const redis = closing.use(await startRedisOf('redis', secrets));
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

test.each(['redis', 'postgresql'])(
  'the signing service of the compose file serves as nobody with its lock and queue on %s: a build comes in, devices get it',
  async backend => {
    await using closing = new AsyncDisposableStack();
    const maker = closing.use(await openMaker());
    const provider = closing.use(await startOidcProvider());
    const image = await readDockerfile(join(INFRA, 'images/signer.Dockerfile'));
    const service = (await readCompose()).services['signing-service'];
    const secrets = join(maker.dir, 'secrets');
    makeSecrets(secrets);
    await chmod(secrets, 0o755);
    const tls = await writeTlsFiles(maker.dir);
    await copyFile(tls.certificate, join(secrets, 'signing-tls-certificate'));
    await copyFile(tls.key, join(secrets, 'signing-tls-key'));
    await copyFile(maker.keys.snap.file, join(secrets, 'signing-snapshot-key'));
    await copyFile(maker.keys.time.file, join(secrets, 'signing-timestamp-key'));
    await replace(join(secrets, 'signing-passphrase'), `${PASSPHRASE}\n`);
    await replace(join(secrets, 'signing-releaser-token'), `${maker.server.adminToken}\n`);
    // Of its own, as on a machine of its own: nobody else has made the queue's tables there.
    const database = await emptyDatabase();
    closing.defer(() => database.drop());
    await replace(join(secrets, 'database-url'), `${database.url}\n`);
    for (const name of await readdir(secrets)) await chmod(join(secrets, name), 0o444);
    const redis = closing.use(await startRedisOf('signing-redis', secrets));
    const [port = 0] = await freePorts(1);
    const put = (text: string) =>
      text
        .replaceAll('/etc/tidegate', maker.dir)
        .replaceAll('/run/secrets', secrets)
        .replaceAll('/opt/tidegate', join(dist, 'tidegate-signer'))
        .replaceAll(/^(repository: )?\/repository$/gm, `$1${maker.repositoryDir}`)
        .replaceAll('0.0.0.0', '127.0.0.1')
        .replaceAll(/\b8090\b/g, String(port))
        .replaceAll('https://publish.ota.example', maker.server.server.adminUrl)
        .replaceAll('https://ota.example', maker.server.server.deviceUrl)
        .replaceAll('https://token.actions.githubusercontent.com', provider.issuer);
    const settings = await readFile(join(INFRA, 'signing/signing-service.yaml'), 'utf8');
    await writeFile(join(maker.dir, 'signing-service.yaml'), put(settings));
    const [program, ...args] = [...image.entrypoint, ...(service?.command ?? [])].map(put);
    expect(program).toBe('node');
    const environment = Object.entries({ ...image.environment, ...service?.environment });
    const logFile = join(maker.dir, 'signing-service.log');
    const before = await readdir(join(dist, 'tidegate-signer'));
    const as = nobody(...(await foldersAndFilesOf(maker.repositoryDir)));

    const serving = await startChild({
      args,
      cwd: put(image.workdir ?? ''),
      env: {
        ...Object.fromEntries(environment.map(([name, value]) => [name, put(value)])),
        // What the run itself was given is not the service's.
        DATABASE_URL: '',
        REDIS_URL: '',
        ...(backend === 'redis' ? {} : { REDIS_URL_FILE: '', DATABASE_URL_FILE: join(secrets, 'database-url') }),
      },
      as,
      logFile,
      // Active, and with a first timestamp: before that there is nothing to follow.
      isReady: line => line.includes('"event":"published"'),
    });
    closing.use(serving);
    await writeFile(join(maker.dir, 'app.img'), 'what the build made');
    const sign = await runToEnd(
      [bundles.program('tidegate-signer'), 'ci', 'sign', 'app.img', '--product', 'gw2', '--channel', 'beta']
        .concat(['--component', 'app', '--version', '1.0.0', '--hardware', 'gw2-a', '--format', 'file'])
        .concat(['--service', `https://127.0.0.1:${port}`, '--root', maker.rootFile])
        .concat(['--key', `file:${maker.keys.ci.file}`]),
      {
        cwd: maker.dir,
        env: {
          NODE_EXTRA_CA_CERTS: tls.ca,
          TIDEGATE_PASSPHRASE: PASSPHRASE,
          TIDEGATE_ID_TOKEN: await provider.token('signing-service.ota.example', {
            sub: 'repo:maker/gateway:environment:release',
            repository: 'maker/gateway',
            environment: 'release',
          }),
        },
      },
    );
    expect([sign.code, sign.stderr]).toEqual([0, expect.stringContaining('Published gw2/beta/app/1.0.0/app.img')]);
    const seen = await verifyRepository({
      source: maker.server.server.deviceUrl,
      root: await readFile(maker.rootFile),
    });
    expect(seen.targets.map(t => t.path)).toEqual(['gw2/beta/app/1.0.0/app.img']);
    if (backend === 'redis') await until('a job to be registered', () => redis.keys().length > 1 || undefined);

    const [, node, ...check] = (service?.healthcheck.test ?? []).map(put);
    expect(node).toBe('node');
    expect((await runToEnd(check)).code).toBe(0);
    expect(await serving.stop()).toBe(0);
    expect((await runToEnd(check)).code).toBe(1);
    // Nothing went wrong, above all no command that Redis does not grant; and nothing was written beside the program.
    expect(await readFile(logFile, 'utf8')).not.toMatch(/NOPERM|"level":[456]0/);
    expect(await readdir(join(dist, 'tidegate-signer'))).toEqual(before);
  },
);

/** All that is below a folder, and itself. */
async function foldersAndFilesOf(folder: string): Promise<string[]> {
  return [folder, ...(await readdir(folder, { recursive: true })).map(name => join(folder, name))];
}
