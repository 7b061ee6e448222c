/** A rollout's release once more for those that failed, and what that does to the counts. */
import { LIMITS } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestApp } from '../testing/test-app.ts';
import { type TestRollout, testRollout } from '../testing/test-rollout.ts';
import type { RolloutRow } from './rollout-store.ts';

let app: TestApp;
let token: string;
let ids: string[];
let rollout: RolloutRow;
let act: TestRollout['act'];
let retry: TestRollout['retry'];
let anotherProcess: TestRollout['anotherProcess'];
let report: TestRollout['report'];
let tick: TestRollout['tick'];
let close: TestRollout['close'];
beforeEach(async () => {
  ({ app, token, ids, rollout, act, retry, anotherProcess, report, tick, close } = await testRollout());
});
afterEach(() => close());

describe('a retry', () => {
  it('offers the release again to those that failed, in every process, and takes their failures out', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2, 3]) await server.checkIn(device);
    for (const device of [0, 1, 2]) await report(device, 'failed');
    await report(3, 'verified');
    await tick();
    expect((await server.checkIn(0)).offer).toBeNull();
    expect(await act('resume')).toMatchObject({ problem: { code: 'rollout-state' } });

    const answer = await retry();
    expect(answer).toMatchObject({
      status: 200,
      retried: 3,
      exhausted: 0,
      rollout: { state: 'running', endedAt: null },
    });
    expect(answer.rollout.counts).toMatchObject({ offered: 4, begun: 1, failed: 0, verified: 1 });
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id, attempt: 2 });

    await report(0, 'downloading', 1);
    for (const device of [0, 1, 2]) await report(device, 'verified', 2);
    await tick();
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ state: 'completed', counts: { offered: 4, begun: 4, failed: 0, verified: 4 } });
  });

  it('passes over devices that are at work or verified, and ends at the most that a device takes', async () => {
    const server = await anotherProcess();
    for (const device of [0, 1, 2]) await server.checkIn(device);
    await report(1, 'downloading');
    await report(2, 'verified');
    expect(await retry({ devices: [ids[1], ids[2]] })).toMatchObject({ retried: 0, exhausted: 0 });
    for (let attempt = 1; attempt <= LIMITS.attemptsPerRollout; attempt += 1) {
      await report(0, 'failed', attempt);
      const last = attempt === LIMITS.attemptsPerRollout;
      expect(await retry()).toMatchObject({ retried: last ? 0 : 1, exhausted: last ? 1 : 0 });
    }
  });

  it('leaves a late word of the old attempt without effect on the counts', async () => {
    const server = await anotherProcess();
    await server.checkIn(0);
    await report(0, 'failed');
    await retry();
    await report(0, 'verified', 1);
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ counts: { offered: 1, begun: 0, failed: 0, verified: 0 } });
  });
});
