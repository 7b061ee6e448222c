import { expect, it } from 'vitest';
import { sharedReading } from './shared-reading.ts';

function counted(keepMs: (tookMs: number) => number) {
  const state = { now: 0, readings: 0, costMs: 0 };
  const clock = { now: () => new Date(state.now) };
  const gate = { open: Promise.withResolvers<void>() };
  const read = async () => {
    const reading = ++state.readings;
    await gate.open.promise;
    state.now += state.costMs;
    return reading;
  };
  return { state, gate, ask: sharedReading(read, { clock, keepMs }) };
}

it('lets all who ask at once share one reading, and those who come while it hangs', async () => {
  const { state, gate, ask } = counted(() => 0);
  const first = [ask(), ask()];
  state.now += 3_600_000;
  const late = ask();
  gate.open.resolve();
  expect(await Promise.all([...first, late])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(2);
});

it('keeps what was dear to read for longer than what was cheap', async () => {
  const { state, gate, ask } = counted(tookMs => 20 * tookMs);
  gate.open.resolve();
  state.costMs = 100;
  expect(await ask()).toBe(1);
  state.now += 1999;
  expect(await ask()).toBe(1);
  state.now += 1;
  state.costMs = 0;
  expect([await ask(), await ask()]).toEqual([2, 3]);
});

it('keeps no value that a clock set back would make look fresh', async () => {
  const { state, gate, ask } = counted(() => 1000);
  gate.open.resolve();
  await ask();
  state.now -= 60_000;
  expect(await ask()).toBe(2);
});

it('tells a failure to all who wait, and tries again for the next', async () => {
  const failing = { now: true };
  const ask = sharedReading(async () => (failing.now ? Promise.reject(new Error('gone')) : 'back'), {
    clock: { now: () => new Date(0) },
    keepMs: () => 1000,
  });
  const answers = await Promise.allSettled([ask(), ask()]);
  expect(answers.map(a => a.status)).toEqual(['rejected', 'rejected']);
  failing.now = false;
  expect(await ask()).toBe('back');
});
