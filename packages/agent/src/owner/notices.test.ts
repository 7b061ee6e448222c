import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { openTestDevice, type RunningAgent, type TestDevice } from '../machine/test-device.ts';
import { NO_NOTICES, type Notices } from '../trust/notices.ts';
import type { AgentStatus } from './status.ts';

const DESCRIPTOR = JSON.stringify({
  format: 'tidegate-product-1',
  revision: '2',
  product: 'gw2',
  channel: 'stable',
  names: { en: 'Gateway 2', de: 'Zentrale 2' },
  supportEnds: '2031-12-31',
  vulnerabilityContact: 'mailto:security@example.com',
  sensors: [{ name: { en: 'Microphone', de: 'Mikrofon' }, purpose: { en: 'Hears the wake word.' } }],
});
const PATH = 'gw2/stable/product/2/product.json';

let device: TestDevice;
let agent: RunningAgent;
beforeEach(async () => {
  device = await openTestDevice();
  agent = await device.boot();
});
afterEach(() => device[Symbol.asyncDispose]());

const asAdmin = (method: string, path: string, body?: unknown) =>
  agent.owner.call('admin', method, path, body) as Promise<AgentStatus>;
const status = () => asAdmin('GET', '/v1/status');

function describedUntil(supportEnds: string): Notices {
  device.publish(PATH, Buffer.from(DESCRIPTOR));
  const sha256 = createHash('sha256').update(DESCRIPTOR).digest('hex');
  return { ...NO_NOTICES, descriptor: { path: PATH, sha256, lengthBytes: DESCRIPTOR.length, supportEnds } };
}

test('the owner sees what the maker promises, in their language, once the descriptor is here', async () => {
  expect(await status()).not.toHaveProperty('support');
  device.notices = describedUntil('2031-12-31');
  expect(await status()).toMatchObject({ support: { until: '2031-12-31', ended: false, retired: false } });
  expect(await status()).not.toHaveProperty('about');
  await agent.once();
  expect((await status()).about).toEqual({
    name: 'Gateway 2',
    vulnerabilityContact: 'mailto:security@example.com',
    sensors: [{ name: 'Microphone', purpose: 'Hears the wake word.' }],
  });
  const german = await asAdmin('PUT', '/v1/settings/language', { language: 'de' });
  expect(german).toMatchObject({ about: { name: 'Zentrale 2' }, settings: { language: 'de' } });
  await expect(asAdmin('PUT', '/v1/settings/language', { language: 'German' })).rejects.toMatchObject({
    code: 'invalid-input',
    path: '/language',
  });
});

test('a descriptor that was changed on the disk is not shown, and comes anew', async () => {
  device.notices = describedUntil('2031-12-31');
  await agent.once();
  const file = join(device.folder, 'net', 'product.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace('security@', 'thief@'));
  expect(await status()).not.toHaveProperty('about');
  device.pass(3600);
  await agent.once();
  expect(await status()).toMatchObject({ about: { vulnerabilityContact: 'mailto:security@example.com' } });
});

test('a descriptor that cannot be fetched keeps no update away', async () => {
  device.notices = describedUntil('2031-12-31');
  await device.answerSetup(true);
  agent = await device.boot();
  await device.release('1.1.0', 2);
  let fetches = 0;
  device.fetching = () => {
    if (++fetches === 1) throw new AgentError('network', 'the line is down');
  };
  expect(await agent.once()).toMatchObject({ name: 'idle', last: { state: 'verified' } });
});

test('support ends with its last day, by trusted time, or by the maker’s signed word', async () => {
  device.notices = describedUntil('2026-11-10');
  expect(await status()).toMatchObject({ support: { ended: false } });
  device.pass(12 * 3600);
  expect(await status()).toMatchObject({ support: { until: '2026-11-10', ended: true, retired: false } });
  device.notices = { ...NO_NOTICES, retired: true };
  expect((await status()).support).toEqual({ ended: true, retired: true });
});

test('why a version is held is told where it was refused and where it runs, in the owner’s language', async () => {
  const reason = { en: 'It burns.', de: 'Es brennt.' };
  device.notices = { ...NO_NOTICES, holdReason: (_, version) => (version === '1.0.0' ? undefined : reason) };
  await asAdmin('PUT', '/v1/settings/language', { language: 'de' });
  const { target } = await device.release('1.1.0', 2);
  device.held.add(target);
  await agent.once();
  expect(await status()).toMatchObject({
    lastOutcome: { code: 'held', reason: 'Es brennt.' },
    components: [{ component: 'app', version: '1.0.0' }],
  });
  device.notices = { ...NO_NOTICES, holdReason: () => reason };
  expect((await status()).components[0]).toMatchObject({ version: '1.0.0', held: 'Es brennt.' });
});

test.each([
  [false, ['offered metadata-expired'], 1],
  [true, [], 0],
])('that lists have expired is an alarm, unless the product is retired (%s)', async (retired, told, refusals) => {
  device.notices = { ...NO_NOTICES, retired };
  device.refreshing = () => {
    throw new AgentError('metadata-expired', 'timestamp.json is expired');
  };
  await agent.once();
  await agent.once();
  expect(device.told()).toEqual(told);
  expect(await status()).toMatchObject({ refusals });
});
