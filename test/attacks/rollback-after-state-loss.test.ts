import { cp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { freeze, makeVictim, type Served, type Victim } from '@tidegate/test';
import { afterAll, beforeAll, expect, test } from 'vitest';

const LISTS = ['root', 'timestamp', 'snapshot', 'targets', 'p-gw2-stable'];
const PAIRS = LISTS.flatMap((a, i) => LISTS.slice(i + 1).map(b => [a, b] as const));
const LOSSES = {
  'cut to nothing': (path: string) => truncate(path, 0),
  'cut to half': async (path: string) => truncate(path, Math.floor((await stat(path)).size / 2)),
  deleted: (path: string) => rm(path),
} as const;
const CASES = PAIRS.flatMap(([a, b]) =>
  (Object.keys(LOSSES) as (keyof typeof LOSSES)[]).map(loss => [a, b, loss] as const),
);

let victim: Victim;
let yesterday: Served;
let whole: string;

beforeAll(async () => {
  victim = await makeVictim();
  await victim.trust.refresh();
  yesterday = freeze(victim.repo);
  // Everything moves on, the root and its keys but for the timestamp's too.
  victim.repo.bump('root');
  victim.repo.writeRoot();
  victim.repo.publish(['targets', `h-${victim.repo.product}`]);
  await victim.update(victim.release());
  whole = `${victim.trustDir}.whole`;
  await cp(victim.trustDir, whole, { recursive: true, verbatimSymlinks: true });
});
afterAll(() => victim[Symbol.asyncDispose]());

async function lose(lists: readonly string[], loss: keyof typeof LOSSES): Promise<void> {
  await rm(victim.trustDir, { recursive: true });
  await cp(whole, victim.trustDir, { recursive: true, verbatimSymlinks: true });
  const tuf = join(victim.trustDir, 'tuf');
  for (const generation of (await readdir(tuf)).filter(name => name.startsWith('gen-')))
    for (const list of lists) await LOSSES[loss](join(tuf, generation, `${list}.json`));
  await victim.restart();
}

test.each(CASES)(
  'with %s and %s %s, yesterday is still refused, and today brings the device back',
  async (a, b, loss) => {
    await lose([a, b], loss);
    victim.server.serve(yesterday);
    await victim.refuses('metadata-rollback', () => victim.trust.refresh());
    victim.server.serve(victim.repo);
    await expect(victim.trust.refresh()).resolves.toMatchObject({ changed: true });
  },
);

test('with every list and the link lost, yesterday is still refused', async () => {
  await lose([], 'deleted');
  await rm(join(victim.trustDir, 'tuf'), { recursive: true });
  await victim.restart();
  victim.server.serve(yesterday);
  await victim.refuses('metadata-rollback', () => victim.trust.refresh());
  victim.server.serve(victim.repo);
  await victim.recovers();
});
