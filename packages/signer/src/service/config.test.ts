import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readServiceConfig } from './config.ts';

const STORE = { DATABASE_URL: 'postgresql://127.0.0.1/tidegate' };
const ISSUER = { issuer: 'https://ci.example', audience: 'https://signing.example' };
const settings = {
  repository: './repository',
  server: { url: 'http://127.0.0.1:8081', tokenFile: './token', readBackUrl: 'http://127.0.0.1:8080' },
  keys: { snapshot: { uri: 'file:snap.json' }, timestamp: { uri: 'file:time.json' } },
  bySignature: 'all',
};
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidegate-config-'));
});

async function read(said: object | string, env: Readonly<Record<string, string>> = STORE) {
  const file = join(dir, 'service.yaml');
  await writeFile(file, typeof said === 'string' ? said : stringify(said));
  return readServiceConfig(file, env);
}

const fault = (said: object | string, env?: Readonly<Record<string, string>>) =>
  read(said, env).then(
    () => 'none',
    (error: { code: string; message: string }) => (error.code === 'config-invalid' ? error.message : error.code),
  );

test('takes paths as beside the file, and says the rest by default', async () => {
  expect(await read(settings)).toMatchObject({
    repository: join(dir, 'repository'),
    server: { tokenFile: join(dir, 'token') },
    keys: { snapshot: { uri: `file:${join(dir, 'snap.json')}` } },
    listen: { host: '127.0.0.1', port: 8090, tls: undefined },
    refreshSeconds: 8 * 3600,
    waitingDays: 30,
  });
});

test.each([
  [
    'an unknown key',
    { ...settings, refreshSecond: 60 },
    /service\.yaml:12:1: \/refreshSecond .*did you mean refreshSeconds\?/,
  ],
  [
    'a missing one',
    { ...settings, server: { ...settings.server, tokenFile: undefined } },
    /:\d+:\d+: \/server\/tokenFile is missing/,
  ],
  ['a number out of range', { ...settings, waitingDays: 0 }, /service\.yaml:12:14: \/waitingDays/],
  [
    'roles that are no list',
    { ...settings, bySignature: 7 },
    /service\.yaml:11:14: \/bySignature must be all, or a list of roles/,
  ],
  [
    'a server that cannot be',
    { ...settings, server: { ...settings.server, url: 'ftp://x' } },
    /service\.yaml:3:8: \/server\/url/,
  ],
  [
    'an open port without TLS',
    { ...settings, listen: { host: '0.0.0.0' } },
    /\/listen is open to others without TLS: give tlsCert/,
  ],
  ['half of TLS', { ...settings, listen: { tlsCert: 'c.pem' } }, /\/listen needs tlsCert and tlsKey together/],
  ['nobody who could submit', { ...settings, bySignature: [] }, /nobody could submit/],
  [
    'a rule that lets all projects in',
    {
      ...settings,
      issuers: [ISSUER],
      rules: [{ issuer: ISSUER.issuer, claims: { ref: 'main' }, product: 'a', channel: 'beta' }],
    },
    /service\.yaml:\d+:\d+: \/rules\/0 names no project in full/,
  ],
  [
    'a rule of an unknown issuer',
    { ...settings, rules: [{ issuer: 'https://x', claims: { sub: 'a' }, product: 'a', channel: 'beta' }] },
    /\/rules\/0 names an issuer that is not listed/,
  ],
])('says line, place and remedy of %s', async (_, said, words) => {
  expect(await fault(said)).toMatch(words);
});

test('tells all faults at once, and those of the YAML itself', async () => {
  expect(await fault({ ...settings, waitingDays: 0, logLevel: 'loud' })).toMatch(/2 faults[^]*waitingDays[^]*logLevel/);
  expect(await fault('repository: [\n')).toMatch(/service\.yaml:\d+:\d+: /);
  expect(await fault('a: &x 1\nb: *x\n')).toMatch(/service\.yaml:2:4: an alias is not taken here/);
});

test('wants a store, and names no address where one is wrong: it may hold a password', async () => {
  expect(await fault(settings, {})).toContain('DATABASE_URL nor REDIS_URL');
  for (const env of [{ DATABASE_URL: 'mysql://u:secret@h/d' }, { REDIS_URL: 'http://u:secret@h' }]) {
    const told = await fault(settings, env);
    expect(told).toMatch(/must be(gin with| like)/);
    expect(told).not.toContain('secret');
  }
});
