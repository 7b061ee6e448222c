/** A rollout that begins at a set time, which may be moved or cancelled until then. */
import type { Problem, RolloutView } from '@tidegate/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestApp } from '../testing/test-app.ts';
import { type TestRollout, testRollout } from '../testing/test-rollout.ts';
import { placeOffer } from './offer-store.ts';
import type { RolloutRow } from './rollout-store.ts';

let app: TestApp;
let token: string;
let ids: string[];
let rollout: RolloutRow;
let replaced: TestRollout['replaced'];
let act: TestRollout['act'];
let anotherProcess: TestRollout['anotherProcess'];
let tick: TestRollout['tick'];
let close: TestRollout['close'];
beforeEach(async () => {
  ({ app, token, ids, rollout, replaced, act, anotherProcess, tick, close } = await testRollout());
});
afterEach(() => close());

describe('a rollout with a start time', () => {
  const at = (seconds: number) => new Date(Math.ceil(app.clock.now().getTime() / 1000 + seconds) * 1000).toISOString();
  const reschedule = async (notBefore: string) => {
    const answer = await app.admin('POST', `/rollouts/${rollout.id}/reschedule`, { token, body: { notBefore } });
    return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
  };

  beforeEach(async () => {
    rollout = await replaced({ notBefore: at(600) });
  });

  it('begins by itself at its time and not before, in a process that was started since, too', async () => {
    const server = await anotherProcess();
    await tick();
    expect((await server.checkIn(0)).offer).toBeNull();
    app.clock.advance(590);
    expect((await server.checkIn(0)).offer).toBeNull();
    app.clock.advance(15);
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id });
    const later = await anotherProcess();
    expect((await later.checkIn(1)).offer).toMatchObject({ rolloutId: rollout.id });
    expect((await later.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id, attempt: 1 });
    const { json } = await app.admin('GET', `/rollouts/${rollout.id}`, { token });
    expect(json).toMatchObject({ counts: { offered: 2 } });
  });

  it('is moved until then, in every process at once, and the history says by whom', async () => {
    const server = await anotherProcess();
    const [later, sooner] = [at(3600), at(60)];
    expect(await reschedule(later)).toMatchObject({ status: 200, view: { state: 'running' } });
    app.clock.advance(605);
    expect((await server.checkIn(0)).offer).toBeNull();
    const moved = await reschedule(sooner);
    expect(Date.parse(moved.view.notBefore)).toBeLessThanOrEqual(app.clock.now().getTime());
    expect(moved.view.decisions.map(d => [d.action, d.reason.split(' ').slice(0, 2).join(' ')])).toEqual([
      ['reschedule', 'by operator'],
      ['reschedule', 'by operator'],
    ]);
    expect((await server.checkIn(0)).offer).toMatchObject({ rolloutId: rollout.id });
    expect(await reschedule(at(60))).toMatchObject({ status: 409, problem: { code: 'rollout-state' } });
  });

  it('takes the same time again without a word in the history', async () => {
    const same = new Date(rollout.not_before).toISOString();
    expect(await reschedule(same)).toMatchObject({ status: 200, view: { notBefore: same, decisions: [] } });
  });

  it('is cancelled by a stop, and then begins never', async () => {
    const server = await anotherProcess();
    await act('stop');
    expect(await reschedule(at(60))).toMatchObject({ status: 409, problem: { code: 'rollout-state' } });
    app.clock.advance(700);
    expect((await server.checkIn(0)).offer).toBeNull();
  });

  it('offers nothing through a process that has not heard yet that the start was moved', async () => {
    app.clock.advance(605);
    const asked = { rolloutId: rollout.id, deviceId: ids[0] ?? '', now: app.clock.now() };
    await app.db
      .updateTable('rollouts')
      .set({ not_before: new Date(app.clock.now().getTime() + 60_000) })
      .execute();
    expect(await placeOffer(app.db, asked)).toBeUndefined();
  });

  it('refuses a time that is too far, or none', async () => {
    for (const notBefore of ['2999-01-01T00:00:00Z', '2026-13-40T00:00:00Z', 'tomorrow'])
      expect(await reschedule(notBefore)).toMatchObject({ status: 400, problem: { path: '/notBefore' } });
  });
});
