import { on } from 'node:events';
import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { storeReports } from '../reports/report-store.ts';
import { placeOffer } from '../rollout/offer-store.ts';
import { DEFAULT_ROLLOUT_CONFIG } from '../rollout/rollout-config.ts';
import { findRollout, type RolloutRow } from '../rollout/rollout-store.ts';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { jobStores, testPrefix } from '../testing/job-stores.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from '../testing/seed.ts';
import { startQueue } from './queue.ts';
import { forgetOld } from './retention.ts';

const said: string[] = [];
const log = pino({ level: 'debug' }, { write: line => void said.push(line) });
const clock = systemClock;
const config = { ...DEFAULT_ROLLOUT_CONFIG, gateTickSeconds: 0.05 };
const pace = { intervalSeconds: () => 60 };
let base: FreshDatabase;

beforeEach(async () => {
  said.length = 0;
  base = await freshDatabase();
});
afterEach(() => base.drop());

/** A rollout whose only device has verified: the next tick completes it. */
async function provenRollout(): Promise<RolloutRow> {
  const [deviceId = ''] = await seedDevices(base.db, 1, clock.now());
  const rollout = await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
  await placeOffer(base.db, { rolloutId: rollout.id, deviceId, now: clock.now() });
  const { counter, sha256 } = rollout;
  const report = { id: seedId('r'), rolloutId: rollout.id, counter, sha256, state: 'verified' as const };
  await storeReports(base.db, deviceId, [{ ...report, at: '2026-01-01T00:00:00Z' }], clock.now());
  return rollout;
}

async function completesByItself(): Promise<void> {
  const client = new pg.Client({ connectionString: base.url });
  await client.connect();
  await client.query('listen tidegate_rollouts');
  const changes = on(client, 'notification');
  const rollout = await provenRollout();
  for await (const _ of changes) {
    if ((await findRollout(base.db, rollout.id))?.state === 'completed') break;
  }
  await client.end();
}

describe.each(jobStores())('the queue on $name', ({ redisUrl }) => {
  const start = (redisPrefix: string) =>
    startQueue({ db: base.db, url: base.url, redisUrl, redisPrefix, log, clock, config, pace });

  it('ticks the gates by itself', async () => {
    const queue = await start(testPrefix());
    await completesByItself();
    await vi.waitFor(async () => expect(await queue.depth()).toMatchObject({ failed: 0 }));
    await queue.close();
    expect(said.join('')).not.toContain('without it');
  });

  it('goes on after a restart, with several processes, on the same store', async () => {
    const prefix = testPrefix();
    await (await start(prefix)).close();
    const queues = await Promise.all([start(prefix), start(prefix)]);
    await completesByItself();
    await Promise.all(queues.map(q => q.close()));
  });
});

describe('retention', () => {
  it('forgets reports past their time and nonces that have expired, and nothing else', async () => {
    await provenRollout();
    const [deviceId = ''] = (await base.db.selectFrom('devices').select('id').execute()).map(d => d.id);
    const old = { id: seedId('old'), state: 'failed' as const, at: '2026-01-01T00:00:00Z' };
    await storeReports(base.db, deviceId, [old], new Date(clock.now().getTime() - 91 * 86_400_000));
    const hour = (sign: number) => new Date(clock.now().getTime() + sign * 3_600_000);
    await base.db
      .insertInto('used_nonces')
      .values([
        { nonce_hash: Buffer.from('a'), expires_at: hour(-1) },
        { nonce_hash: Buffer.from('b'), expires_at: hour(1) },
      ])
      .execute();
    await forgetOld({ db: base.db, clock, log, config });
    expect((await base.db.selectFrom('reports').select('id').execute()).map(r => r.id)).toEqual([seedId('r')]);
    expect(await base.db.selectFrom('used_nonces').selectAll().execute()).toHaveLength(1);
  });
});
