import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DurableFiles, durableFiles } from '../durable/durable-files.ts';
import { openSilence } from './silence.ts';

const HOUR_MS = 3600_000;
const log = pino({ level: 'silent' });
let folder: string;
let nowMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-silence-'));
  nowMs = Date.parse('2026-11-10T12:00:00Z');
});
afterEach(() => rm(folder, { recursive: true }));

let ids = 0;
function open(files: DurableFiles = durableFiles) {
  const randomId = () => (++ids).toString(16).padStart(32, '0');
  return openSilence({ files, path: join(folder, 'silence.json'), trustedNow: () => nowMs, randomId, log });
}

test('silence begins at the first start, goes on over restarts, and ends with an answer', async () => {
  const first = await open();
  expect(first.lastsMs()).toBe(0);
  nowMs += 30 * HOUR_MS;
  const second = await open();
  expect(second.lastsMs()).toBe(30 * HOUR_MS);
  expect(second.ownId).toBe(first.ownId);
  await second.ends();
  expect(second.lastsMs()).toBe(0);
  nowMs += HOUR_MS;
  expect((await open()).lastsMs()).toBe(HOUR_MS);
});

test('a time that has not come, from a clock that was wrong, does not hold the device back until it comes', async () => {
  await (await open()).ends();
  nowMs -= 9999 * HOUR_MS;
  expect((await open()).lastsMs()).toBe(0);
  nowMs += HOUR_MS;
  expect((await open()).lastsMs()).toBe(HOUR_MS);
});

test('answers that follow closely wear out no flash', async () => {
  const silence = await open();
  const file = join(folder, (await readdir(folder))[0] ?? '');
  const before = await readFile(file, 'utf8');
  for (let i = 0; i < 59; i++) {
    nowMs += 60_000;
    await silence.ends();
  }
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(silence.lastsMs()).toBe(0);
});

test('a full disk costs no answer', async () => {
  const full = { ...durableFiles, write: () => Promise.reject(new Error('no space left')) };
  const silence = await open(full);
  nowMs += 48 * HOUR_MS;
  await silence.ends();
  expect(silence.lastsMs()).toBe(0);
});
