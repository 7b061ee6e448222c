import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { leftOut } from './scripts/test-needs.ts';

const setupOf = (name: string) =>
  fileURLToPath(new URL(`packages/server/src/testing/${name}-setup.ts`, import.meta.url));
const services = [setupOf('postgres'), setupOf('redis')];

/** What a test waits for comes within a second on a machine at rest; tests never run on one. */
const patient = { poll: { timeout: 20_000 } };

const unit = (name: string, globalSetup: string[] = []) => ({
  test: {
    name,
    root: `packages/${name}`,
    include: ['src/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...leftOut(name)],
    globalSetup,
    expect: patient,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

/**
 * Parts that talk to TUF clients of others, named by `TIDEGATE_INTEROP`: they need Python, Go or Rust beside Node, and
 * fetch what those need.
 */
const interop = (process.env['TIDEGATE_INTEROP'] ?? '').split(',').filter(part => part !== '');

/** Faults under load: minutes of them, so they are asked for by `TIDEGATE_CHAOS`. */
const chaos = process.env['TIDEGATE_CHAOS'] !== undefined;

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
          exclude: [...configDefaults.exclude, 'interop/**', 'chaos/**', ...leftOut('e2e')],
          // GitHub's parser imports JSON without saying so, which Node refuses.
          server: { deps: { inline: ['@actions/workflow-parser'] } },
          globalSetup: services,
          expect: patient,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      ...(chaos
        ? [
            {
              test: {
                name: 'chaos',
                root: 'test/chaos',
                include: ['*.test.ts'],
                exclude: [...configDefaults.exclude, ...leftOut('chaos')],
                expect: patient,
                testTimeout: 3_600_000,
                hookTimeout: 180_000,
              },
            },
          ]
        : []),
      ...(interop.length === 0
        ? []
        : [
            {
              test: {
                name: 'interop',
                root: 'test/interop',
                include: interop.map(part => `${part}/*.test.ts`),
                globalSetup: services,
                expect: patient,
                testTimeout: 300_000,
                hookTimeout: 180_000,
              },
            },
          ]),
    ],
  },
});
