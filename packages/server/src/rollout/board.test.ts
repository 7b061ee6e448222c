import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../testing/fresh-database.ts';
import { type DatabaseLink, openDatabaseLink } from '../testing/database-link.ts';
import { seedRelease, seedRollout } from '../testing/seed.ts';
import { type Board, openBoard } from './board.ts';
import { stopRollout } from './rollout-control.ts';

const log = pino({ level: 'silent' });
let base: FreshDatabase;
let link: DatabaseLink;
let board: Board;
let now = 1_000_000;
const clock = { now: () => new Date(now) };

beforeEach(async () => {
  base = await freshDatabase();
  link = await openDatabaseLink(base.url);
});
afterEach(async () => {
  await board.close();
  await link.close();
  await base.drop();
});

const offered = () => board.current()?.rolloutsFor('gw', 'stable').length;

describe('the board', () => {
  it('shows a rollout when it is created and drops it when it is stopped', async () => {
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    expect(offered()).toBe(0);
    const rollout = await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    await board.confirm();
    expect(offered()).toBe(1);
    await stopRollout(base.db, rollout.id, { by: 'tester', now: clock.now() });
    await board.confirm();
    expect(offered()).toBe(0);
    expect(board.current()?.stopped).toContain(rollout.id);
  });

  it('shows the others beside a rollout that it cannot read', async () => {
    const unreadable = await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    await base.db
      .updateTable('rollouts')
      .set({ filter: '((', state: 'completed' })
      .where('id', '=', unreadable.id)
      .execute();
    await seedRollout(base.db, await seedRelease(base.db, 3), clock.now());
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    expect(
      board
        .current()
        ?.rolloutsFor('gw', 'stable')
        .map(r => r.counter),
    ).toEqual([3]);
  });

  it('drops a rollout whose release was withdrawn', async () => {
    await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    expect(offered()).toBe(1);
    await base.db.updateTable('releases').set({ withdrawn_at: clock.now() }).execute();
    await board.confirm();
    expect(offered()).toBe(0);
  });

  it('shows nothing once it was cut off for a second, and recovers by itself', async () => {
    await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    link.cut();
    await board.confirm();
    now += 1000;
    expect(offered()).toBe(1);
    now += 1;
    expect(board.current()).toBeUndefined();
    link.mend();
    await board.confirm();
    expect(offered()).toBe(1);
  });

  it('shows nothing once nothing came through its connection for a second, and recovers by itself', async () => {
    await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    link.stall();
    now += 1000;
    await board.confirm();
    expect(offered()).toBe(1);
    now += 1;
    expect(board.current()).toBeUndefined();
    link.mend();
    await expect
      .poll(async () => {
        await board.confirm();
        return offered();
      })
      .toBe(1);
  });

  it('does not trust a view that a clock set back would make look fresh', async () => {
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    link.cut();
    await board.confirm();
    now -= 60_000;
    expect(board.current()).toBeUndefined();
  });

  it('keeps a completed rollout until a newer one has completed for the same devices', async () => {
    const first = await seedRollout(base.db, await seedRelease(base.db, 2), clock.now());
    await base.db.updateTable('rollouts').set({ state: 'completed' }).where('id', '=', first.id).execute();
    board = await openBoard({ db: base.db, clock, log, url: link.url });
    expect(offered()).toBe(1);
    await seedRollout(base.db, await seedRelease(base.db, 3), clock.now());
    await board.confirm();
    expect(offered()).toBe(2);
    await base.db.updateTable('rollouts').set({ state: 'completed' }).execute();
    await board.confirm();
    expect(
      board
        .current()
        ?.rolloutsFor('gw', 'stable')
        .map(r => r.counter),
    ).toEqual([3]);
  });
});
