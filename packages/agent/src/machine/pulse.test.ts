import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDevice, type TestDevice } from './test-device.ts';

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;

let device: TestDevice;
beforeEach(async () => {
  device = await openTestDevice();
  await device.answerSetup(true);
});
afterEach(() => device[Symbol.asyncDispose]());

test('a driver that hangs in a step counts as alive no longer than the longest honest step, and again once it goes on', async () => {
  const began = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  device.fetching = () => {
    began.resolve();
    return goOn.promise;
  };
  await device.release('1.1.0', 2);
  const agent = await device.boot();
  const update = agent.once();
  await began.promise;
  device.pass(HOUR - 1);
  expect(agent.pulse.isAlive()).toBe(true);
  device.pass(1);
  expect(agent.pulse.isAlive()).toBe(false);
  goOn.resolve();
  expect(await update).toMatchObject({ name: 'idle', last: { state: 'verified' } });
  expect(agent.pulse.isAlive()).toBe(true);
});

test('a driver that waits for its next check-in is alive all the while, and not for ever after', async () => {
  const rests = Promise.withResolvers<void>();
  device.answering = () => ({ pollAfterSeconds: WEEK });
  device.sleeping = ms => {
    if (ms === WEEK * 1000) rests.resolve();
  };
  const agent = await device.boot();
  const stop = new AbortController();
  const running = agent.driver.run(stop.signal);
  await rests.promise;
  device.pass(WEEK);
  expect(agent.pulse.isAlive()).toBe(true);
  device.pass(HOUR);
  expect(agent.pulse.isAlive()).toBe(false);
  stop.abort();
  await running;
});

test('bytes that go on arriving keep a long download alive', async () => {
  const agent = await device.boot();
  for (let hours = 0; hours < 48; hours++) {
    agent.pulse.works('downloading');
    device.pass(HOUR - 1);
    expect(agent.pulse.isAlive()).toBe(true);
  }
});
