/** The files of `infra` as their own linters and readers see them, and what they promise of every container. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DCLinter } from 'dclint';
import { IMAGES } from '@tidegate/server/testing';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { COMPOSE, readCompose, readDockerfile } from './infra-files.ts';

const FOLDER = join(import.meta.dirname, '../../infra/images');
const DOCKERFILES = readdirSync(FOLDER).filter(name => name.endsWith('.Dockerfile'));
const SERVICES = Object.entries((await readCompose()).services);

test('the compose file is valid, and its linter finds nothing', () => {
  // The order of keys is ours: what a service is, what it reaches, what it is given, how it is watched.
  const rules = { 'service-keys-order': 0, 'top-level-properties-order': 0 } as const;
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const results = linter.lintFiles([COMPOSE], false) as readonly { readonly messages: readonly unknown[] }[];
  expect(results.map(result => result.messages)).toEqual([[]]);
});

test.each(DOCKERFILES)('the linter finds nothing in %s', async name => {
  expect(validate(await readFile(join(FOLDER, name), 'utf8'))).toEqual([]);
});

test.each(DOCKERFILES)('%s: an exact base, a user without rights by number, no shell between', async name => {
  const { bases, user, entrypoint, stopSignal } = await readDockerfile(join(FOLDER, name));
  expect(bases).toEqual(bases.map(() => expect.stringMatching(/^node:\d+\.\d+\.\d+-\w+-slim$/)));
  expect(user).toMatch(/^1\d{4}:1\d{4}$/);
  expect(entrypoint[0]).toBe('node');
  expect(stopSignal).toBe('SIGTERM');
});

test.each(SERVICES)(
  '%s has an ordinary user, a read-only root, no capabilities, limits and a check',
  (_name, service) => {
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
      healthcheck: { test: expect.any(Array) },
      deploy: {
        resources: { limits: { cpus: expect.any(String), memory: expect.any(String), pids: expect.any(Number) } },
      },
    });
    expect(service.image ?? 'built here:0.0.0').toMatch(/:\d+\.\d+/);
  },
);

test('nginx reaches the server only, and nothing but nginx and the signing service is reached from another machine', async () => {
  const { services, networks } = await readCompose();
  const members = (network: string) => SERVICES.filter(([, s]) => network in s.networks).map(([name]) => name);
  expect(members('front').toSorted()).toEqual(['nginx', 'server']);
  expect(members('back').toSorted()).toEqual(['postgres', 'redis', 'server']);
  expect([networks['front']?.internal, networks['back']?.internal]).toEqual([true, true]);
  // Whoever breaks into what faces devices finds no way on to the keys of snapshot and timestamp.
  expect(members('signing')).toEqual(['signing-service']);
  expect(members('signing-back').toSorted()).toEqual(['signing-redis', 'signing-service']);
  expect(networks['signing-back']?.internal).toBe(true);
  expect(SERVICES.filter(([, s]) => s.profiles).map(([name]) => name)).toEqual(members('signing-back'));
  const published = SERVICES.flatMap(([name, s]) => (s.ports ?? []).map(port => `${name} ${port}`));
  expect(published).toEqual([
    'nginx 0.0.0.0:443:8443',
    'server 127.0.0.1:8081:8081',
    'signing-service 0.0.0.0:8090:8090',
  ]);
  // Neither listens where nginx could ask for the operators' side.
  const server = services['server'];
  expect(server?.environment).toMatchObject({
    TIDEGATE_HOST: server?.networks['front']?.ipv4_address,
    TIDEGATE_ADMIN_HOST: server?.networks['operators']?.ipv4_address,
  });
});

test('the tests, where they use containers, use the same images', async () => {
  const { services } = await readCompose();
  const used = ['postgres', 'redis', 'signing-redis'].map(name => services[name]?.image);
  expect(used).toEqual([IMAGES.postgres, IMAGES.redis, IMAGES.redis]);
});

test('no password stands in an environment', () => {
  const named = SERVICES.flatMap(([, s]) => Object.entries(s.environment ?? {}));
  const secret = named.filter(([name]) => /PASSWORD|SECRET|TOKEN|_URL/.test(name));
  expect(secret.map(([, value]) => value)).toEqual(secret.map(() => expect.stringMatching(/^\/run\/secrets\//)));
});
