import type { StatusView } from '@tidegate/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedDevices, seedRelease, seedRollout } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await testApp();
  token = await app.apiToken('viewer');
});
afterAll(() => app.close());

async function status(): Promise<StatusView> {
  app.clock.advance(60);
  const answer = await app.admin('GET', '/status', { token });
  expect(answer.status).toBe(200);
  return answer.json as StatusView;
}

it('tells an empty server at a glance', async () => {
  expect(await status()).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    products: 0,
    devices: { known: 0, seenLately: 0, revoked: 0, alarmed: 0 },
    releases: 0,
    rollouts: { 'awaiting-approval': 0, running: 0, paused: 0, halted: 0, stopped: 0, completed: 0, cancelled: 0 },
    metadata: null,
    queue: { backend: 'postgresql', reachable: true },
  });
});

it('counts devices by what a person should know of them, releases that are signed now, rollouts by state', async () => {
  const ids = await seedDevices(app.db, 6, app.clock.now());
  const change = (index: number, set: object) =>
    app.db
      .updateTable('devices')
      .set(set)
      .where('id', '=', ids[index] ?? '')
      .execute();
  await change(0, { last_seen_at: new Date(app.clock.now().getTime() - 25 * 3_600_000) });
  await change(1, { last_seen_at: null });
  await change(2, { revoked_at: app.clock.now() });
  await change(3, { clone_alarm_at: app.clock.now(), token_alarm_at: app.clock.now() });
  await change(4, { token_alarm_at: app.clock.now() });
  await seedRollout(app.db, await seedRelease(app.db, 2), app.clock.now());
  await seedRelease(app.db, 3, { withdrawn_at: app.clock.now() });
  expect(await status()).toMatchObject({
    products: 1,
    devices: { known: 6, seenLately: 4, revoked: 1, alarmed: 2 },
    releases: 1,
    rollouts: { running: 1, paused: 0 },
  });
});
