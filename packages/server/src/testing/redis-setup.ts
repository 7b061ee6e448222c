/**
 * vitest's global setup: one Redis for the run, without persistence: from REDIS_URL, a container, or the machine's
 * `redis-server` in a folder of its own. Where there is neither, the tests that need it are not defined.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestProject } from 'vitest/node';
import { IMAGES, startContainer } from './container.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string | null;
  }
}

const RECIPE = {
  image: IMAGES.redis,
  port: 6379,
  environment: {},
  command: ['redis-server', '--save', '', '--appendonly', 'no'],
  ready: { says: /Ready to accept connections/, times: 1 },
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['REDIS_URL'];
  const contained = given ? undefined : await startContainer(RECIPE);
  if (contained) {
    project.provide('redisUrl', `redis://${contained.host}:${contained.port}`);
    return contained.stop;
  }
  if (given || spawnSync('redis-server', ['--version']).status !== 0) {
    project.provide('redisUrl', given || null);
    return async () => undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-test-redis-'));
  const redis = await startRedis(folder, await freePort());
  project.provide('redisUrl', redis.url);
  return async () => {
    await redis.kill();
    await rm(folder, { recursive: true, force: true });
  };
}

export interface LocalRedis {
  readonly url: string;
  readonly pid: number;
  /** Ends it at once, as a crash does. */
  readonly kill: () => Promise<void>;
}

/** Resolves once it takes connections. */
export async function startRedis(folder: string, port: number): Promise<LocalRedis> {
  const settings = { bind: '127.0.0.1', port: String(port), dir: folder, save: '', appendonly: 'no' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('Ready to accept')) return;
    throw new Error(`redis-server ended before it took connections on port ${port}`);
  })();
  await ready;
  child.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise(done => probe.close(done));
  return port;
}
