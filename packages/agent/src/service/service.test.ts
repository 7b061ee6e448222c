import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { type DurableFiles, durableFiles } from '../durable/durable-files.ts';
import { findMarked } from './processes.ts';
import { createService } from './service.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-service-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a service that is stopped in the middle of its restart stays stopped', async () => {
  const restarting = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let died = false;
  // Reading its note is the first thing that a restart does: there it is held until the stop was asked for.
  const files: DurableFiles = {
    ...durableFiles,
    read: async path => {
      if (died) {
        died = false;
        restarting.resolve();
        await goOn.promise;
      }
      return durableFiles.read(path);
    },
  };
  const mark = `test:${folder}`;
  const service = createService({
    // Ends at once the first time, and would stay the second time.
    settings: { command: ['/bin/sh', '-c', 'test -e seen && exec sleep 60; : > seen'], env: {}, stopTimeoutSeconds: 1 },
    mark,
    files,
    notePath: join(folder, 'note.json'),
    outputPath: join(folder, 'output.log'),
    clock: systemClock,
    random: () => 0,
    log: pino({ level: 'warn' }, { write: () => (died = true) }),
  });
  await service.start({ slot: 'a', folder, version: '1.0.0' });
  await restarting.promise;
  let isStopped = false;
  const stop = async () => {
    await service.stop();
    isStopped = true;
  };
  const stopping = stop();
  // Looking for its processes is all that a stop has to do by itself: it had the time for that ten times over.
  for (let i = 0; i < 10; i++) await findMarked(mark);
  expect(isStopped).toBe(false);
  goOn.resolve();
  await stopping;
  expect(await findMarked(mark)).toEqual([]);
});
