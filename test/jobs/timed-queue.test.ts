/** What both services rest on: their timed work is shared by processes, kept apart by program, and survives its store. */
import { openJobBackend, type JobStore, startTimedQueue, type TimedQueue } from '@tidegate/jobs';
import { emptyDatabase, jobStores, startRedis, testPrefix } from '@tidegate/server/testing';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { freePorts } from '../src/free-port.ts';
import { tempFolder } from '../src/temp-folder.ts';
import { until } from '../src/until.ts';

const said: string[] = [];
const log = pino({ level: 'debug' }, { write: line => void said.push(line) });
const SOON_MS = 50;
const SELDOM_MS = 86_400_000;

interface Work {
  readonly queue?: string;
  readonly job: string;
  readonly everyMs: number;
  readonly work: (job: string) => Promise<void>;
}

async function start(store: JobStore, { queue = 'shared', job, everyMs, work }: Work): Promise<TimedQueue> {
  const jobs = [{ name: job, everyMs }];
  return startTimedQueue(await openJobBackend(store, log), { name: queue, jobs, concurrency: 1, work, log });
}

describe.each(jobStores())('timed work on $name', ({ redisUrl }) => {
  async function openStore() {
    const { url, drop } = await emptyDatabase();
    const store = { clientName: 'test', databaseUrl: url, redisUrl, redisPrefix: testPrefix() };
    return { store, [Symbol.asyncDispose]: drop };
  }

  test('is done by one of the processes that share it', async () => {
    await using opened = await openStore();
    const done: string[] = [];
    const processes = await Promise.all(
      ['first', 'second', 'third'].map(id =>
        start(opened.store, { job: 'daily', everyMs: SELDOM_MS, work: async () => void done.push(id) }),
      ),
    );
    for (const process of processes) await process.register();
    await until('the job to be done', () => done.length > 0 || undefined);
    await until('nothing to be under way', async () => {
      const { waiting, active } = await processes[0]!.depth();
      return waiting + active === 0 || undefined;
    });
    await Promise.all(processes.map(p => p.close()));
    expect(done).toHaveLength(1);
  });

  test('comes only to the program whose it is, where programs share a store', async () => {
    await using opened = await openStore();
    const heard: Record<string, Set<string>> = { ours: new Set(), theirs: new Set() };
    const program = (job: string) =>
      start(opened.store, { queue: job, job, everyMs: SOON_MS, work: async name => void heard[job]?.add(name) });
    const [ours, theirs] = await Promise.all([program('ours'), program('theirs')]);
    await until('both to be called', () => (heard['ours']?.size && heard['theirs']?.size ? true : undefined));
    await Promise.all([ours.close(), theirs.close()]);
    expect(heard).toEqual({ ours: new Set(['ours']), theirs: new Set(['theirs']) });
  });

  test('that fails is told, and comes again', async () => {
    await using opened = await openStore();
    said.length = 0;
    let times = 0;
    const work = async () => {
      if (++times === 1) throw new Error('the disk is full');
    };
    const queue = await start(opened.store, { job: 'often', everyMs: SOON_MS, work });
    await until('the next interval', () => times > 1 || undefined);
    await queue.close();
    expect(said.join('')).toMatch(/the disk is full.*a timed job failed/);
  });

  test('in hand is finished before the end, and nothing is begun after it', async () => {
    await using opened = await openStore();
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const steps: string[] = [];
    const work = async () => {
      steps.push('begun');
      begun.resolve();
      await goOn.promise;
      steps.push('finished');
    };
    const queue = await start(opened.store, { job: 'long', everyMs: SOON_MS, work });
    await begun.promise;
    const closed = queue.close().then(() => steps.push('closed'));
    goOn.resolve();
    await closed;
    expect(steps).toEqual(['begun', 'finished', 'closed']);
  });
});

test.each(jobStores().filter(s => s.name === 'Redis'))(
  'goes on when its $name comes, and ends where it does not',
  async () => {
    await using folder = await tempFolder();
    const [port = 0] = await freePorts(1);
    const store = {
      clientName: 'test',
      databaseUrl: undefined,
      redisUrl: `redis://:secret@127.0.0.1:${port}`,
      redisPrefix: testPrefix(),
    };
    said.length = 0;
    const lonely = await start(store, { job: 'often', everyMs: SOON_MS, work: async () => undefined });
    const told = () => said.filter(line => line.includes('Redis cannot be reached'));
    await until('the loss to be told', () => told().length > 0 || undefined);
    await lonely.close();
    expect(told()).toHaveLength(1);

    let times = 0;
    const patient = await start(store, { job: 'often', everyMs: SOON_MS, work: async () => void times++ });
    const redis = await startRedis(folder.path, port);
    await until('the first job', () => times > 0 || undefined);
    await patient.close();
    await redis.kill();
    expect(said.join('')).not.toContain('secret');
  },
);

test('wants a store', async () => {
  const nowhere = { clientName: 'test', databaseUrl: undefined, redisUrl: undefined, redisPrefix: '' };
  await expect(openJobBackend(nowhere, log)).rejects.toThrow('needs a Redis or a PostgreSQL');
});
