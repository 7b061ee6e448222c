/** What ends a download that is under way, and how soon it is heard of. Time stands still, unless a test lets it pass. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { openTestDevice, type TestDevice } from './test-device.ts';

let device: TestDevice;
let ends: AbortController;
beforeEach(async () => {
  device = await openTestDevice();
  await device.answerSetup(true);
  ends = new AbortController();
});
afterEach(async () => {
  ends.abort();
  await device[Symbol.asyncDispose]();
});

/** A device in the middle of a download that never ends by itself, with an event stream open. */
async function downloading(onCheckIn: () => void = () => undefined) {
  const offer = await device.release('1.1.0', 2);
  const began = Promise.withResolvers<void>();
  device.fetching = () => {
    began.resolve();
    return Promise.withResolvers<void>().promise;
  };
  device.answering = () => {
    onCheckIn();
    return {};
  };
  const agent = await device.boot();
  void agent.listen(ends.signal);
  const update = agent.once();
  await began.promise;
  return { offer, agent, update };
}

test('a stop in the middle of a download ends it at once where an event tells of it', async () => {
  const { offer, agent, update } = await downloading();
  device.offer = undefined;
  device.answering = () => ({ stop: [offer.rolloutId] });
  expect(device.sayCheckIn()).toBe(true);
  expect(await update).toMatchObject({ name: 'idle', last: { state: 'failed', code: 'stopped' } });
  expect(device.told()).toEqual(['offered', 'downloading', 'failed stopped']);
  expect((await agent.installer.slots()).records.b).toBeUndefined();
});

test.each(['', 'e'.repeat(32)])(
  'an event in the middle of a download is no stop: "%s" in the answer ends nothing',
  async other => {
    let asked = Promise.withResolvers<void>();
    const { agent } = await downloading(() => asked.resolve());
    for (let events = 0; events < 3; events++) {
      asked = Promise.withResolvers<void>();
      device.answering = () => {
        asked.resolve();
        return { stop: other === '' ? [] : [other] };
      };
      device.sayCheckIn();
      await asked.promise;
    }
    expect(agent.driver.state().name).toBe('downloading');
  },
);

test('a stop that comes while a download asks for another reason is heard by the next question', async () => {
  const { offer, update } = await downloading();
  device.offer = undefined;
  const isStopped = [false, true];
  // The first answer was made before the stop, and arrives after the event that tells of it.
  device.answering = () => {
    const stop = isStopped.shift() === true ? [offer.rolloutId] : [];
    if (isStopped.length === 1) device.sayCheckIn();
    return { stop };
  };
  device.sayCheckIn();
  expect(await update).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
});

test('without an event a download hears of the stop at its next question, after as long as the server said', async () => {
  const slept: number[] = [];
  device.sleeping = ms => void slept.push(ms);
  const { offer, update } = await downloading();
  expect(slept).toEqual([offer.pollDuringUpdateSeconds * 1000]);
  device.offer = undefined;
  device.answering = () => ({ stop: [offer.rolloutId] });
  device.pass(offer.pollDuringUpdateSeconds);
  expect(await update).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
});

test('a download that never succeeds still hears that the rollout was stopped, and asks seldom until then', async () => {
  const { rolloutId } = await device.release('1.1.0', 2);
  let [asked, tries] = [0, 0];
  device.fetching = () => {
    tries++;
    device.pass(2);
    throw new AgentError('network', 'the mirror is gone');
  };
  device.answering = request => {
    if (request.update) asked++;
    return { pollAfterSeconds: 3600, ...(tries >= 100 ? { offer: null, stop: [rolloutId] } : {}) };
  };
  const agent = await device.boot();
  const stop = new AbortController();
  device.sleeping = () => {
    if (agent.driver.state().last) stop.abort();
  };
  await agent.driver.run(stop.signal);
  expect(agent.driver.state()).toMatchObject({ name: 'idle', last: { state: 'failed', code: 'stopped' } });
  expect(tries).toBeGreaterThan(99);
  expect(asked).toBeLessThan(10);
});

test('an event between two tries of a download that fails is heard before the next one', async () => {
  const { rolloutId } = await device.release('1.1.0', 2);
  let tries = 0;
  device.fetching = () => {
    tries++;
    throw new AgentError('network', 'the mirror is gone', { retryAfterSeconds: 600 });
  };
  const waits = Promise.withResolvers<void>();
  device.sleeping = ms => {
    if (ms === 600_000) waits.resolve();
  };
  const agent = await device.boot();
  void agent.listen(ends.signal);
  const running = agent.driver.run(ends.signal);
  await waits.promise;
  device.answering = () => ({ offer: null, stop: [rolloutId], pollAfterSeconds: 3600 });
  device.sleeping = ms => {
    if (ms > 3_000_000) ends.abort();
  };
  device.sayCheckIn();
  await running;
  expect(agent.driver.state()).toMatchObject({ last: { state: 'failed', code: 'stopped' } });
  expect(tries).toBe(1);
});
