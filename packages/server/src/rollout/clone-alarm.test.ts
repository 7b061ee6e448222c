import type { DeviceView } from '@tidegate/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { seedDevices } from '../testing/seed.ts';
import { type TestApp, testApp } from '../testing/test-app.ts';
import { type DeviceMemory, openDeviceMemory } from './device-memory.ts';

let app: TestApp;
let token: string;
let id: string;
let log: string[];
const memories: DeviceMemory[] = [];

beforeAll(async () => {
  app = await testApp();
  token = await app.apiToken('operator');
});
beforeEach(async () => {
  await app.db.deleteFrom('devices').execute();
  [id = ''] = await seedDevices(app.db, 1, app.clock.now());
  log = [];
});
afterAll(async () => {
  for (const memory of memories) await memory.close();
  await app.close();
});

/** What one server process remembers. */
function serverProcess(): DeviceMemory {
  const memory = openDeviceMemory({ ...app, log: pino({}, { write: line => void log.push(line) }) });
  memories.push(memory);
  return memory;
}

const boot = (letter: string) => letter.repeat(32);

function hear(memory: DeviceMemory, letter: string, afterSeconds = 60): void {
  app.clock.advance(afterSeconds);
  hearAt(memory, letter, app.clock.now());
}

function hearAt(memory: DeviceMemory, letter: string, at: Date): void {
  const facts = {
    id,
    product: 'gw',
    channel: 'stable',
    hardware: 'gw-a',
    components: [],
    attributes: {},
    canary: false,
  };
  memory.note({ facts, at, update: undefined, bootId: boot(letter), text: letter });
}

async function alarms(): Promise<string[]> {
  const answer = await app.admin('GET', `/devices/${id}`, { token });
  return (answer.json as DeviceView).alarms.map(a => a.alarm);
}

it('takes restarts for restarts', async () => {
  const memory = serverProcess();
  for (const letter of 'aabbccdd') {
    hear(memory, letter);
    await memory.flush();
  }
  expect(await alarms()).toEqual([]);
});

it('is raised when a boot comes back after another, in the log, the device and its history', async () => {
  const memory = serverProcess();
  for (const letter of 'aba') {
    hear(memory, letter);
    await memory.flush();
  }
  expect(await alarms()).toEqual(['clone']);
  expect(log.map(line => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ deviceId: id, alarm: 'clone' }),
  );
  const history = await app.admin('GET', `/devices/${id}/history`, { token });
  expect(history.json).toMatchObject({ items: [{ kind: 'alarm', detail: 'clone' }, { kind: 'enrolled' }] });
});

it('is raised for turns within one write', async () => {
  const memory = serverProcess();
  for (const letter of 'aba') hear(memory, letter, 0.1);
  await memory.flush();
  expect(await alarms()).toEqual(['clone']);
});

it('survives a restart of the server, and sees turns that are taken on different processes', async () => {
  const [one, two] = [serverProcess(), serverProcess()];
  hear(one, 'a');
  await one.flush();
  hear(two, 'b');
  await two.flush();
  expect(await alarms()).toEqual([]);
  const afterRestart = serverProcess();
  hear(afterRestart, 'a');
  await afterRestart.flush();
  expect(await alarms()).toEqual(['clone']);
});

it('is raised though each machine keeps to a process of its own, which hears nothing new', async () => {
  const [one, two] = [serverProcess(), serverProcess()];
  for (let i = 0; i < 6; i++) {
    hear(one, 'a');
    hear(two, 'b');
    await one.flush();
    await two.flush();
  }
  expect(await alarms()).toEqual(['clone']);
});

it('does not take a sighting that was written late for a boot that came back', async () => {
  const [one, two] = [serverProcess(), serverProcess()];
  hear(one, 'a');
  await one.flush();
  const before = app.clock.now();
  hear(two, 'b');
  await two.flush();
  hearAt(serverProcess(), 'a', before);
  await memories.at(-1)?.flush();
  hear(two, 'b');
  await two.flush();
  expect(await alarms()).toEqual([]);
});

it('is cleared by an operator, once, and comes again only where the turns go on', async () => {
  const memory = serverProcess();
  for (const letter of 'aba') {
    hear(memory, letter);
    await memory.flush();
  }
  const clear = (role: string) => app.admin('DELETE', `/devices/${id}/alarms/clone`, { token: role });
  expect(await clear(await app.apiToken('viewer'))).toMatchObject({ status: 403 });
  expect(await clear(token)).toMatchObject({ status: 200, json: { id, alarms: [] } });
  expect(await clear(token)).toMatchObject({ status: 404, json: { code: 'not-found' } });
  for (const letter of 'bb') {
    hear(memory, letter, 301);
    await memory.flush();
  }
  expect(await alarms()).toEqual([]);
  for (const letter of 'ab') {
    hear(memory, letter);
    await memory.flush();
  }
  expect(await alarms()).toEqual(['clone']);
});

it('leaves the other alarm as it is when one is cleared, and knows no third', async () => {
  await app.db.updateTable('devices').set({ token_alarm_at: new Date(), clone_alarm_at: new Date() }).execute();
  await app.admin('DELETE', `/devices/${id}/alarms/claim-token-used`, { token });
  expect(await alarms()).toEqual(['clone']);
  expect(await app.admin('DELETE', `/devices/${id}/alarms/other`, { token })).toMatchObject({ status: 400 });
});
