/** What a device says to the server, for tests of what operators see of it. */
import { randomBytes } from 'node:crypto';
import type { CheckInAnswer, DeviceView, Report } from '@tidegate/protocol';
import { expect } from 'vitest';
import { until } from '../src/until.ts';
import { ask, type AskedServer, type EnrolledDevice } from '../server/enrolled-device.ts';

const id = () => randomBytes(16).toString('hex');

export async function checkIn(
  server: AskedServer,
  device: EnrolledDevice,
  attributes: Record<string, string> = {},
): Promise<CheckInAnswer> {
  const facts = {
    agentVersion: '0.1.0',
    hardware: 'gw2-a',
    channel: 'stable',
    bootId: id(),
    components: [{ component: 'app', version: '1.0.0', counter: 1 }],
    attributes,
  };
  const headers = { authorization: `Bearer ${device.accessToken}` };
  const answer = await ask(server, 'POST', '/check-in', facts, headers);
  expect(answer.status).toBe(200);
  return answer.json as unknown as CheckInAnswer;
}

/** Checks in, and waits until operators see it: the server writes what devices say behind. */
export async function checkInSeen(
  server: AskedServer,
  device: EnrolledDevice,
  attributes: Record<string, string> = {},
): Promise<void> {
  await checkIn(server, device, attributes);
  await until('the check-in to be written', async () => {
    const { lastSeenAt } = await server.admin.get<DeviceView>(`/devices/${device.deviceId}`);
    return lastSeenAt ?? undefined;
  });
}

/** One report about the rollout's first attempt. */
export async function report(
  server: AskedServer,
  device: EnrolledDevice,
  rolloutId: string,
  said: Partial<Report> & Pick<Report, 'state'>,
): Promise<void> {
  const whole = { id: id(), rolloutId, attempt: 1, at: '2026-01-01T00:00:00Z', ...said };
  const headers = { authorization: `Bearer ${device.accessToken}` };
  const answer = await ask(server, 'POST', '/reports', { reports: [whole] }, headers);
  expect(answer.status).toBe(200);
}
