/** A Redis of the compose file: the machine's own program with `infra/redis` and the user of its secret, as nobody. */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startChild } from '../src/child.ts';
import { freePorts } from '../src/free-port.ts';
import { nobody } from '../src/nobody.ts';
import { INFRA, readCompose } from './infra-files.ts';
import { replace } from './made-secrets.ts';

export interface ComposeRedis extends AsyncDisposable {
  readonly keys: () => string[];
}

/** Puts its port into the secret that holds its address. @param name of the service @param secrets the folder of all */
export async function startRedisOf(name: 'redis' | 'signing-redis', secrets: string): Promise<ComposeRedis> {
  const service = (await readCompose()).services[name];
  const [port = 0] = await freePorts(1);
  const own = join(secrets, name);
  await mkdir(own);
  const text = await readFile(join(INFRA, 'redis/redis.conf'), 'utf8');
  const file = join(own, 'redis.conf');
  const placed = text
    .replace('/run/secrets/redis-acl', join(secrets, `${name}-acl`))
    .replace('dir /tmp', `dir ${own}`)
    .replace('bind * -::*', `bind 127.0.0.1\nport ${port}`);
  await writeFile(file, placed);
  const { entrypoint = [], command = [] } = service ?? {};
  expect([...entrypoint, ...command]).toEqual(['redis-server', '/usr/local/etc/redis/redis.conf']);
  const child = await startChild({
    program: 'redis-server',
    args: [file],
    as: nobody(own),
    logFile: join(own, 'redis.log'),
    isReady: line => line.includes('Ready to accept'),
  });
  const [, cli, ...ping] = service?.healthcheck.test ?? [];
  expect([cli, spawnSync('redis-cli', ['-p', String(port), ...ping]).status]).toEqual(['redis-cli', 0]);
  const secret = join(secrets, `${name}-url`);
  const url = (await readFile(secret, 'utf8')).trim().replace(`${name}:6379`, `127.0.0.1:${port}`);
  await replace(secret, url);
  return {
    keys: () =>
      spawnSync('redis-cli', ['-u', url, '--scan'], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter(key => key.startsWith('tidegate')),
    [Symbol.asyncDispose]: async () => void (await child.stop()),
  };
}
