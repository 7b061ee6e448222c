/** A running rollout over four devices, for tests: an operator acts on it, devices check in at any process and report. */
import type { Problem, RolloutRequest, RolloutRetryAnswer, RolloutView } from '@tidegate/protocol';
import { storeReports } from '../reports/report-store.ts';
import { openBoard } from '../rollout/board.ts';
import { openDeviceMemory } from '../rollout/device-memory.ts';
import { tickGates } from '../rollout/gate-tick.ts';
import type { RolloutRow } from '../rollout/rollout-store.ts';
import { seedDevices, seedId, seedRelease, seedRollout } from './seed.ts';
import { type TestApp, testApp } from './test-app.ts';
import { testCheckIn } from './test-check-in.ts';

export type TestRollout = Awaited<ReturnType<typeof testRollout>>;

type ActName = 'pause' | 'resume' | 'stop';

export async function testRollout() {
  const app: TestApp = await testApp();
  const url = app.databaseUrl;
  const token = await app.apiToken('operator');
  const ids = await seedDevices(app.db, 4, app.clock.now());
  let rollout: RolloutRow = await seedRollout(app.db, await seedRelease(app.db, 2), app.clock.now());
  const closing: (() => Promise<void>)[] = [];

  /** Another rollout in its place, of a later release. */
  async function replaced(more: Partial<RolloutRequest>): Promise<RolloutRow> {
    await app.db.deleteFrom('rollouts').execute();
    rollout = await seedRollout(app.db, await seedRelease(app.db, 3), app.clock.now(), more);
    return rollout;
  }

  async function act(name: ActName) {
    const answer = await app.admin('POST', `/rollouts/${rollout.id}/${name}`, { token });
    return { status: answer.status, view: answer.json as RolloutView, problem: answer.json as Problem };
  }

  async function retry(body: object = {}) {
    const answer = await app.admin('POST', `/rollouts/${rollout.id}/retry`, { token, body });
    return { ...(answer.json as RolloutRetryAnswer), status: answer.status, problem: answer.json as Problem };
  }

  /** A server process on the same database: its own view of the rollouts, its own memory of devices. */
  async function anotherProcess() {
    const board = await openBoard({ db: app.db, clock: app.clock, log: app.log, url });
    const memory = openDeviceMemory(app);
    closing.push(
      () => memory.close(),
      () => board.close(),
    );
    const deps = { db: app.db, clock: app.clock, log: app.log, board, memory };
    return {
      confirm: () => board.confirm(),
      checkIn: async (device: number, workingOn?: string) => {
        await board.confirm();
        const update =
          workingOn === undefined
            ? {}
            : { update: { rolloutId: workingOn, attempt: 1, state: 'downloading' as const } };
        return testCheckIn(deps, ids[device] ?? '', update);
      },
    };
  }

  async function report(device: number, state: 'downloading' | 'failed' | 'verified', attempt = 1) {
    const { id: rolloutId, counter, sha256 } = rollout;
    const word = { rolloutId, attempt, counter, sha256, state, at: '2026-01-01T00:00:00Z' };
    const code = state === 'failed' ? { code: 'health-failed' as const } : {};
    await storeReports(
      app.db,
      ids[device] ?? '',
      [{ id: seedId(`${device} ${state} ${attempt}`), ...word, ...code }],
      app.clock.now(),
    );
  }

  const tick = () => tickGates({ ...app, pace: { intervalSeconds: () => 60 } });

  async function close(): Promise<void> {
    for (const end of closing.splice(0)) await end();
    await app.close();
  }

  return { app, token, ids, rollout, replaced, act, retry, anotherProcess, report, tick, close };
}
