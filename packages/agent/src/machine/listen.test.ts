import { pino } from 'pino';
import { expect, test } from 'vitest';
import { AgentError } from '../agent-error.ts';
import { type ListenDeps, listenForEvents } from './listen.ts';
import { createSchedule } from './schedule.ts';
import { createWake } from './wake.ts';

/** A server that ends each stream in the way that the test says; after the last the agent is stopped. */
async function listen(streams: ((onCheckIn: (within: number) => void) => Promise<number | undefined>)[]) {
  const stop = new AbortController();
  const slept: number[] = [];
  let [woken, nowMs] = [0, 0];
  const clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      slept.push(ms);
      nowMs += ms;
      await Promise.resolve();
    },
  };
  const schedule = createSchedule(clock, 1_000_000, () => 0.5);
  const wake = createWake();
  wake.signal().addEventListener('abort', () => void woken++);
  const server = {
    enrolled: () => true,
    listen: (onCheckIn: (within: number) => void) => {
      const next = streams.shift();
      if (next) return next(onCheckIn);
      stop.abort();
      return Promise.resolve(undefined);
    },
  };
  const backoff = { baseSeconds: 2, maxSeconds: 3600 };
  const deps = { server, schedule, wake, clock, random: () => 0.5, backoff, log: pino({ level: 'silent' }) };
  await listenForEvents(deps as unknown as ListenDeps, stop.signal);
  return { slept, woken, isDue: schedule.isDue() };
}

test('an event brings the check-in forward by a random part of its time, and several events are one', async () => {
  const told = await listen([
    async onCheckIn => {
      onCheckIn(10);
      onCheckIn(10);
      return 7000;
    },
  ]);
  expect(told).toMatchObject({ woken: 1, isDue: true });
  expect(told.slept.slice(0, 2)).toEqual([5000, 7000]);
});

test('a lost stream is opened again after a random delay that grows, and never sooner than the server asks', async () => {
  const lost = () => Promise.reject(new AgentError('network', 'reset'));
  const refused = () => Promise.reject(new AgentError('network', '503', { retryAfterSeconds: 90 }));
  const { slept, woken } = await listen([lost, lost, refused]);
  expect(slept.slice(0, 3)).toEqual([32_000, 64_000, 91_000]);
  expect(woken).toBe(0);
});
