/** vitest's global setup: one PostgreSQL for the run, from DATABASE_URL, a container, or embedded in a temporary folder. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { TestProject } from 'vitest/node';
import { NOT_DURABLE, startEmbeddedPostgres } from '../postgres/embedded-postgres.ts';
import { IMAGES, startContainer } from './container.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['DATABASE_URL'];
  if (given) {
    project.provide('databaseUrl', given);
    return async () => undefined;
  }
  const password = randomBytes(16).toString('hex');
  const contained = await startContainer({
    image: IMAGES.postgres,
    port: 5432,
    environment: { POSTGRES_USER: 'tidegate', POSTGRES_DB: 'tidegate', POSTGRES_PASSWORD: password },
    command: ['postgres', ...NOT_DURABLE.flatMap(setting => ['-c', setting])],
    // Once while it is set up, once for good.
    ready: { says: /ready to accept connections/, times: 2 },
  });
  if (contained) {
    project.provide('databaseUrl', `postgresql://tidegate:${password}@${contained.host}:${contained.port}/tidegate`);
    return contained.stop;
  }
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-test-postgres-'));
  await chmod(folder, 0o755);
  const postgres = await startEmbeddedPostgres(folder, pino({ level: 'silent' }), { durable: false });
  project.provide('databaseUrl', postgres.url);
  return async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
