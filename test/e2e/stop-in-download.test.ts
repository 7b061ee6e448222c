/** An emergency stop, and a device that is in the middle of its download: real processes, and an event stream between them. */
import type { AgentStatus } from '@tidegate/agent';
import { emptyDatabase } from '@tidegate/server/testing';
import { expect, test } from 'vitest';
import { until } from '../src/until.ts';
import { openWorld } from '../src/world.ts';

/** The whole would take three minutes. */
const deviceBytesPerSecond = 50_000;
const ballastBytes = 180 * deviceBytesPerSecond;

test('a stop ends a download that is under way within moments where the device holds an event stream', async () => {
  const database = await emptyDatabase();
  await using world = await openWorld({
    databaseUrl: database.url,
    devices: 1,
    events: true,
    downloads: { deviceBytesPerSecond },
  });
  const [member] = world.fleet.members;
  if (!member) throw new Error('the fleet is empty');
  const { device, deviceId } = member;
  const status = () => device.api.get<AgentStatus>('/v1/status');
  await until('the device to listen', async () => {
    const metrics = await (await fetch(`${world.server.adminUrl}/metrics`)).text();
    return metrics.includes('tidegate_event_streams 1') ? true : undefined;
  });

  const target = await world.publish({ version: '1.1.0', health: 'well', ballastBytes });
  // By itself it would ask an hour from now.
  const { id } = await world.startRollout({
    target,
    phases: [{ basisPoints: 10_000 }],
    pollDuringUpdateSeconds: 3600,
  });
  await until('bytes to come', async () => {
    const { state, downloadPercent = 0 } = await status();
    return state === 'downloading' && downloadPercent > 0 ? true : undefined;
  });
  await world.server.admin.post(`/rollouts/${id}/stop`);
  const stoppedAt = performance.now();
  const ended = await until('the download to end', async () => {
    const { state, lastOutcome } = await status();
    return state === 'idle' ? { lastOutcome, afterMs: performance.now() - stoppedAt } : undefined;
  });
  expect(ended.lastOutcome).toMatchObject({ code: 'stopped' });
  // A tenth of what the download alone would still take, and far above what it takes on a busy machine.
  expect(ended.afterMs).toBeLessThan(15_000);
  const told = await until('the server to hear of it', async () => {
    const reports = await world.reports(deviceId);
    return reports.find(r => r.code === 'stopped');
  });
  expect(told).toMatchObject({ state: 'failed', rolloutId: id });
});
