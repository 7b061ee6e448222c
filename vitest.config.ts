import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const setupOf = (name: string) =>
  fileURLToPath(new URL(`packages/server/src/testing/${name}-setup.ts`, import.meta.url));
const services = [setupOf('postgres'), setupOf('redis')];

const unit = (name: string, globalSetup: string[] = []) => ({
  test: {
    name,
    root: `packages/${name}`,
    include: ['src/**/*.test.ts'],
    globalSetup,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    reporters: ['default', './scripts/closing-line.ts'],
    projects: [
      unit('protocol'),
      unit('signer'),
      unit('server', services),
      unit('agent'),
      unit('cli'),
      { test: { name: 'demo', root: 'demo', include: ['*.test.ts'] } },
      {
        test: {
          name: 'e2e',
          root: 'test',
          include: ['**/*.test.ts'],
          globalSetup: services,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
