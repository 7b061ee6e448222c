import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { storeReports } from '../reports/report-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { seedDevices, seedId } from '../testing/seed.ts';
import { forgetOld } from './retention.ts';
import { type SilenceWatch, watchSilence } from './silence-watch.ts';

const said: string[] = [];
const log = pino({ level: 'info' }, { write: line => void said.push(line) });
const clock = systemClock;
let base: FreshDatabase;
let watch: SilenceWatch;
let runs: number;
let wakes: number;

beforeEach(async () => {
  [said.length, runs, wakes] = [0, 0, 0];
  base = await freshDatabase();
  const deps = { db: base.db, clock, log, config: { reportRetentionDays: 90 } };
  const run = async () => {
    await forgetOld(deps);
    runs += 1;
  };
  watch = watchSilence(deps, [{ name: 'retention', everyMs: 1, run }], async () => void (wakes += 1));
});
afterEach(async () => {
  await watch.close();
  await base.drop();
});

const silence = () => sql`update job_pulses set ran_at = now() - interval '1 day'`.execute(base.db);
const lines = (words: string) => said.filter(line => line.includes(words)).length;

it('forgets old reports while no job comes from the queue, and tells the silence and its end once each', async () => {
  const [deviceId = ''] = await seedDevices(base.db, 1, clock.now());
  const old = { id: seedId('old'), state: 'failed' as const, at: '2026-01-01T00:00:00Z' };
  await storeReports(base.db, deviceId, [old], new Date(clock.now().getTime() - 91 * 86_400_000));
  for (const round of [1, 2]) {
    await silence();
    await expect.poll(() => runs, { timeout: 30_000 }).toBeGreaterThanOrEqual(round);
  }
  expect(await base.db.selectFrom('reports').select('id').execute()).toEqual([]);
  expect(wakes).toBeGreaterThanOrEqual(2);
  expect(lines('no job came from the queue')).toBe(1);
  for (const _ of [1, 2]) watch.heard('retention');
  expect(lines('jobs come from the queue again')).toBe(1);
});
