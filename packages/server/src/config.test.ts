import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { ConfigError } from './config-error.ts';
import { DEFAULT_FLEET_CONFIG } from './fleet/fleet-config.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
  file = join(folder, 'server.yaml');
});
afterEach(() => rm(folder, { recursive: true }));

async function readFile(text: string, env: Record<string, string> = {}) {
  await writeFile(file, text);
  return readConfig({ config: file }, env);
}

test('listens on loopback alone, with a data folder beside it, where nothing is set', async () => {
  const config = await readConfig({}, {});
  expect(config).toMatchObject({
    data: './tidegate-data',
    host: '127.0.0.1',
    adminHost: '127.0.0.1',
    logLevel: 'info',
  });
  expect([config.port, config.adminPort, config.databaseWaitSeconds]).toEqual([8080, 8081, 60]);
  expect(config.databaseUrl).toBeUndefined();
});

test('lets the command line win over the environment, that over the file, and that over the default', async () => {
  await writeFile(file, 'port: 1001\nadminPort: 1002\nhost: 10.0.0.1\nadminHost: 10.0.0.2\npollSeconds: 30\n');
  const env = { TIDEGATE_PORT: '2001', TIDEGATE_HOST: '10.0.0.3', TIDEGATE_POLL_SECONDS: '1.5' };
  const config = await readConfig({ config: file, port: 3001 }, env);
  expect(config).toMatchObject({ port: 3001, host: '10.0.0.3', adminPort: 1002, adminHost: '10.0.0.2' });
  expect(config.rollouts).toEqual({ gateTickSeconds: 2, reportRetentionDays: 90 });
  expect(config.fleet).toEqual({ ...DEFAULT_FLEET_CONFIG, pollSeconds: 1.5 });
});

test('takes every number of the environment as a number, and a blank variable as none', async () => {
  const env = {
    TIDEGATE_PORT: '1',
    TIDEGATE_ADMIN_PORT: '2',
    TIDEGATE_DATABASE_WAIT_SECONDS: '3',
    TIDEGATE_DATABASE_ANSWER_SECONDS: '9',
    TIDEGATE_POLL_SECONDS: '4',
    TIDEGATE_GATE_TICK_SECONDS: '5',
    TIDEGATE_REPORT_RETENTION_DAYS: '6',
    TIDEGATE_CHECK_INS_PER_SECOND: '7',
    TIDEGATE_REQUESTS_AT_ONCE: '80',
    TIDEGATE_HOST: ' ',
    DATABASE_URL: '',
  };
  const { databaseUrl, host, port, adminPort, rollouts, fleet, ...config } = await readConfig({}, env);
  expect([port, adminPort, config.databaseWaitSeconds, config.databaseAnswerSeconds]).toEqual([1, 2, 3, 9]);
  expect(rollouts).toEqual({ gateTickSeconds: 5, reportRetentionDays: 6 });
  expect(fleet).toMatchObject({ pollSeconds: 4, checkInsPerSecond: 7, requestsAtOnce: 80 });
  expect([host, databaseUrl]).toEqual(['127.0.0.1', undefined]);
});

test.each([
  ['a misspelt key', 'prot: 8080', 'prot'],
  ['a port out of range', 'port: 65536', 'port'],
  ['a port as text', 'adminPort: "8081"', 'adminPort'],
  ['an unknown level', 'logLevel: loud', 'logLevel'],
  ['no folder', 'data: ""', 'data'],
  ['a tick without pause', 'gateTickSeconds: 0', 'gateTickSeconds'],
  ['a wait without end', 'databaseWaitSeconds: 1e9', 'databaseWaitSeconds'],
])('%s in the file is an error that names the file and the key', async (_what, text, key) => {
  const failure = readFile(text);
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(`${file}: ${key} `);
});

test.each([
  ['TIDEGATE_PORT', 'many', 'port'],
  ['TIDEGATE_ADMIN_PORT', '-1', 'adminPort'],
  ['TIDEGATE_LOG_LEVEL', 'loud', 'logLevel'],
])('%s=%s is an error that names the environment and the key', async (name, text, key) => {
  await expect(readConfig({}, { [name]: text })).rejects.toThrow(`the environment: ${key} `);
});

test('a fault on the command line is told as one', async () => {
  await expect(readConfig({ port: 70_000 }, {})).rejects.toThrow('the command line: port ');
});

test.each(['just a text', '- a list', '{ not: closed'])('a file that is no config is refused: %j', async text => {
  const failure = readFile(text);
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(file);
});

test('an empty file sets nothing, and one that is not there is named', async () => {
  expect((await readFile('')).port).toBe(8080);
  await expect(readConfig({ config: join(folder, 'none.yaml') }, {})).rejects.toThrow(/none\.yaml cannot be read/);
});

test('a certificate without its key, and the other way round, is a contradiction and said so', async () => {
  await expect(readConfig({ tlsCert: 'c.pem' }, {})).rejects.toThrow('tlsCert and tlsKey go together');
  await expect(readConfig({}, { TIDEGATE_TLS_KEY: 'k.pem' })).rejects.toThrow('tlsCert and tlsKey go together');
});

test.each(['postgresql://tidegate@db/tidegate', 'postgres://db:5433/x', 'postgresql:///x?host=/run/postgresql'])(
  'takes %s for the database',
  async url => {
    expect((await readConfig({}, { DATABASE_URL: url })).databaseUrl).toBe(url);
  },
);

test.each(['mysql://u:secret@db/x', 'db:5432', 'secret', 'postgresql//u:secret@db', 'postgresql://[secret'])(
  'refuses %s for the database, and repeats nothing of it',
  async url => {
    const failure = readConfig({}, { DATABASE_URL: url });
    await expect(failure).rejects.toThrow(ConfigError);
    await expect(failure).rejects.toThrow(/^databaseUrl \(DATABASE_URL\) must be a URL that begins with postgresql:/);
    await expect(failure).rejects.not.toThrow('secret');
  },
);

test('takes the addresses with passwords in them from files, as containers get their secrets', async () => {
  const [database, redis] = [join(folder, 'database-url'), join(folder, 'redis-url')];
  await writeFile(database, 'postgresql://tidegate:secret@db/tidegate\n');
  await writeFile(redis, 'redis://tidegate:secret@redis:6379');
  const config = await readConfig({}, { DATABASE_URL_FILE: database, REDIS_URL_FILE: redis });
  expect(config.databaseUrl).toBe('postgresql://tidegate:secret@db/tidegate');
  expect(config.redisUrl).toBe('redis://tidegate:secret@redis:6379');
});

test('refuses a secret file that is missing, empty, endless or no address, and repeats nothing of it', async () => {
  const at = join(folder, 'database-url');
  const refusal = () => readConfig({}, { DATABASE_URL_FILE: at });
  await expect(refusal()).rejects.toThrow(`databaseUrlFile cannot be read`);
  await writeFile(at, ' \n');
  await expect(refusal()).rejects.toThrow('is empty or longer');
  await writeFile(at, 'postgresql://'.padEnd(5000, 'x'));
  await expect(refusal()).rejects.toThrow('is empty or longer');
  await writeFile(at, 'mysql://u:secret@db/x');
  await expect(refusal()).rejects.toThrow(/^databaseUrl \(DATABASE_URL\) must be/);
  await expect(refusal()).rejects.not.toThrow('secret');
  const both = readConfig({}, { DATABASE_URL: 'postgresql://db/x', DATABASE_URL_FILE: at });
  await expect(both).rejects.toThrow('databaseUrl and databaseUrlFile exclude each other');
});

test('takes a location for the artifact redirect, and nothing that could be more than one', async () => {
  expect((await readConfig({}, { TIDEGATE_ARTIFACT_REDIRECT: '/internal/artifacts/' })).artifactRedirect).toBe(
    '/internal/artifacts/',
  );
  for (const text of ['internal/', '/internal', '/', '//', '/a/../b/', '/a b/', '/a?b/', 'http://x/', '/a/\n'])
    await expect(readConfig({ artifactRedirect: text }, {})).rejects.toThrow('artifactRedirect');
});

test('counts the devices that the line carries at once, and refuses a ceiling that nobody could pass', async () => {
  const of = (env: Record<string, string>) => readConfig({}, env);
  const both = { TIDEGATE_DOWNLOAD_BYTES_PER_SECOND: '10500000', TIDEGATE_DEVICE_BYTES_PER_SECOND: '1000000' };
  expect(await of(both)).toMatchObject({ deviceBytesPerSecond: 1_000_000, downloadsAtOnce: 10 });
  expect((await of({})).downloadsAtOnce).toBeUndefined();
  await expect(of({ TIDEGATE_DOWNLOAD_BYTES_PER_SECOND: '5000000' })).rejects.toThrow('needs deviceBytesPerSecond');
  await expect(of({ ...both, TIDEGATE_DOWNLOAD_BYTES_PER_SECOND: '999999' })).rejects.toThrow('nobody could download');
});
