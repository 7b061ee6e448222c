import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EventStreams, openEventStreams } from './event-streams.ts';

let streams: EventStreams;
const heard = new Map<string, string>();

beforeEach(() => {
  vi.useFakeTimers();
  heard.clear();
  streams = openEventStreams({ most: 50, checkInsPerSecond: () => 40, random: () => 0.5 });
});
afterEach(() => {
  streams.close();
  vi.useRealTimers();
});

function open(id: string, mayGoOn = () => true) {
  const stream = streams.open({ id, product: 'gw2' }, mayGoOn);
  stream.setEncoding('utf8').on('data', (text: string) => heard.set(id, (heard.get(id) ?? '') + text));
  return stream;
}
const told = () => [...heard].filter(([, text]) => text.includes('event: check-in')).map(([id]) => id);
const everybody = () => true;

test('tells devices in batches, at half the pace of check-ins, those with a stop first', async () => {
  for (let i = 0; i < 50; i++) open(`d${i}`);
  streams.tell(everybody);
  streams.tellFirst(new Set(['d7', 'not-here']));
  await vi.advanceTimersByTimeAsync(250);
  expect(told()).toHaveLength(5);
  expect(told()).toContain('d7');
  await vi.advanceTimersByTimeAsync(1000);
  expect(told()).toHaveLength(25);
  await vi.advanceTimersByTimeAsync(2000);
  expect(told()).toHaveLength(50);
  expect(heard.get('d7')?.split('event: check-in')).toHaveLength(2);
  expect(heard.get('d7')).toContain('data: {"withinSeconds":0.5}\n\n');
});

test('holds one stream a device, and no more than so many in all', async () => {
  const first = open('d0');
  open('d0');
  await vi.advanceTimersByTimeAsync(0);
  expect([first.readableEnded, streams.size()]).toEqual([true, 1]);
  for (let i = 1; i < 50; i++) open(`d${i}`);
  expect(() => open('d50')).toThrowError(expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 90 }));
  open('d1').destroy();
  await vi.advanceTimersByTimeAsync(0);
  expect(streams.size()).toBe(49);
});

test('says something every half minute, and ends a stream whose device may not go on', async () => {
  let revoked = false;
  const stream = open('d0', () => !revoked);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(heard.get('d0')?.match(/^:$/gm)).toHaveLength(2);
  revoked = true;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(stream.readableEnded).toBe(true);
  expect(heard.get('d0')).toMatch(/retry: 30000\n\n$/);
});

test('cuts off a device that does not read, and asks all to come again when it ends', async () => {
  const deaf = streams.open({ id: 'deaf', product: 'gw2' }, everybody);
  for (let i = 0; i < 2000; i++) {
    streams.tell(everybody);
    await vi.advanceTimersByTimeAsync(250);
  }
  expect(deaf.destroyed).toBe(true);
  const stream = open('d0');
  streams.close();
  await vi.advanceTimersByTimeAsync(0);
  expect(stream.readableEnded).toBe(true);
});
