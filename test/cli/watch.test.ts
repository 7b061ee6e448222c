/** `tidegate rollout watch` from begin to end: what it says as devices report, and how it ends. */
import { readFile } from 'node:fs/promises';
import type { RolloutView } from '@tidegate/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../src/repo-sim.ts';
import { until } from '../src/until.ts';
import { type EnrolledDevice, enrolDevice } from '../server/enrolled-device.ts';
import { checkIn, report } from './device-talk.ts';
import { type Office, openOffice } from './office.ts';

let office: Office;
let device: EnrolledDevice;
let rollout: RolloutView;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office[Symbol.asyncDispose]());

beforeEach(async () => {
  device = await enrolDevice(office.asked, 'gw2');
  // Nobody else is due: each rollout is of this device alone.
  const only = `unit==${device.deviceId}`;
  const gate = ['--soak', '0s', '--max-failures', '1'];
  const words = ['rollout', 'create', office.target, '--phases', '100%', '--filter', only, ...gate, '--yes'];
  rollout = await office.desk.json<RolloutView>(words);
  expect((await checkIn(office.asked, device, { unit: device.deviceId })).offer).toMatchObject({
    rolloutId: rollout.id,
  });
});

// The next rollout of the same release needs its place.
afterEach(() => office.desk.run(['rollout', 'stop', rollout.id]));

const verified = () =>
  report(office.asked, device, rollout.id, {
    state: 'verified',
    counter: 2,
    sha256: sha256(Buffer.from('the new software')),
  });
const failed = () => report(office.asked, device, rollout.id, { state: 'rolledBack', code: 'health-failed' });
const log = () => readFile(office.desk.file('cli.log'), 'utf8');

test('ends with 0 when the rollout completes, one line for each change where no terminal is', async () => {
  await using watch = await office.desk.start(['rollout', 'watch', rollout.id], line => line.includes('0 verified'));
  await verified();
  expect(await watch.ended).toBe(0);
  const text = await log();
  expect(text).toMatch(/app 1\.1\.0 running, phase 1 of 1 \(100 %\): 0 verified, 0 failed, 1 under way of 1 offered/);
  expect(text).toMatch(/phase 1: complete: .*1 of 1/);
  expect(text).toMatch(/app 1\.1\.0 completed: 1 verified, 0 failed of 1 offered\n$/);
});

test('ends with 4 when the gate halts, as events for programs, and says why', async () => {
  const words = ['rollout', 'watch', rollout.id, '--json'];
  const watching = office.desk.run(words);
  await failed();
  const { code, stdout, stderr } = await watching;
  expect(code).toBe(4);
  const events = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; action?: string });
  expect(events.at(-1)).toMatchObject({ event: 'ended', rollout: { state: 'halted' } });
  expect(events).toContainEqual(expect.objectContaining({ event: 'decision', action: 'halt', rolloutId: rollout.id }));
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'rollout-halted', exitCode: 4 } });
});

test('ends with 4 when somebody stops the rollout, and tells of a pause on the way', async () => {
  await using watch = await office.desk.start(['rollout', 'watch', rollout.id], line => line.includes('running'));
  await office.desk.run(['rollout', 'pause', rollout.id]);
  await until(
    'the pause to be told',
    async () => (await log()).includes('phase 1: paused by first admin') || undefined,
  );
  await office.desk.run(['rollout', 'stop', rollout.id]);
  expect(await watch.ended).toBe(4);
  expect(await log()).toContain('The rollout was stopped by first admin. [rollout-stopped]');
});

test('leaves at Ctrl-C with 130, and the rollout goes on', async () => {
  await using watch = await office.desk.start(['rollout', 'watch', rollout.id], line => line.includes('running'));
  process.kill(watch.pid, 'SIGINT');
  expect(await watch.ended).toBe(130);
  expect(await log()).toContain('the rollout goes on');
  expect(await office.desk.json(['rollout', 'show', rollout.id])).toMatchObject({ state: 'running' });
});

test('outlives a server that dies and comes back', async () => {
  const words = ['rollout', 'watch', rollout.id, '--json'];
  await using watch = await office.desk.start(words, line => line.includes('"progress"'));
  await office.server.child.kill();
  await until('the loss to be told', async () => (await log()).includes('"event":"lost"') || undefined);
  await office.restart();
  await until('the return to be told', async () => (await log()).includes('"event":"back"') || undefined);
  await verified();
  expect(await watch.ended).toBe(0);
});

test('gives up with 5 when the server stays away for longer than its patience', async () => {
  const words = ['rollout', 'watch', rollout.id, '--patience', '1s'];
  await using watch = await office.desk.start(words, line => line.includes('running'));
  await office.server.child.kill();
  expect(await watch.ended).toBe(5);
  expect(await log()).toMatch(/Trying again\.\n(.*\n)*.*Given up after 1 s.*\[unreachable\]\n$/);
  await office.restart();
});
