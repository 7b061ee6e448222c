import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { durableFiles } from '../../durable/durable-files.ts';
import { createStateFile } from '../../durable/state-file.ts';
import type { ArtifactSink, SignedArtifact } from '../../ports.ts';
import { openSlot } from './slot-device.ts';
import { openSlotSink, Received } from './slot-sink.ts';

const MIB = 1024 * 1024;
const SLOT_BYTES = 40 * MIB;
const IMAGE = randomBytes(36 * MIB + 5);
let folder: string;
let slot: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-sink-'));
  slot = join(folder, 'slot');
  await writeFile(slot, Buffer.alloc(SLOT_BYTES));
  await writeFile(join(folder, 'running'), '');
});
afterEach(() => rm(folder, { recursive: true }));

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const signed = (bytes: Buffer): SignedArtifact => ({ path: 'x', sha256: hashOf(bytes), lengthBytes: bytes.length });
const note = () =>
  createStateFile({ files: durableFiles, path: join(folder, 'note.json'), format: 1, schema: Received });

async function open(artifact = signed(IMAGE)): Promise<ArtifactSink> {
  return openSlotSink({ path: slot, device: await openSlot(slot, join(folder, 'running')), note: note() }, artifact);
}

async function pour(sink: ArtifactSink, bytes: Buffer, until = bytes.length): Promise<void> {
  while (sink.size() < until) await sink.append(bytes.subarray(sink.size(), Math.min(until, sink.size() + 300_000)));
}

const holds = async (bytes: Buffer) => (await readFile(slot)).subarray(0, bytes.length).equals(bytes);

test('takes an artifact in as it comes, over a break, and knows its hash', async () => {
  const first = await open();
  await pour(first, IMAGE, 20 * MIB + 17);
  await first.close();
  const second = await open();
  expect(second.size()).toBe(20 * MIB + 17);
  await pour(second, IMAGE);
  expect(await second.seal()).toBe(hashOf(IMAGE));
  await second.close();
  expect(await holds(IMAGE)).toBe(true);
  const third = await open();
  expect([third.size(), await third.seal()]).toEqual([IMAGE.length, hashOf(IMAGE)]);
  await third.close();
});

test('a power cut costs no more than what came since the last flush, and none of it is believed unread', async () => {
  const cut = await open();
  await pour(cut, IMAGE, 30 * MIB);
  // No end: the power went. What had not been flushed may be anything.
  const bytes = await readFile(slot);
  bytes.fill(7, 17 * MIB);
  await writeFile(slot, bytes);
  const next = await open();
  expect(next.size()).toBeGreaterThanOrEqual(16 * MIB);
  expect(next.size()).toBeLessThan(17 * MIB + 1);
  await pour(next, IMAGE);
  expect(await next.seal()).toBe(hashOf(IMAGE));
  await next.close();
  await cut.close();
});

test('what was changed on the disk between two runs is found out', async () => {
  const first = await open();
  await pour(first, IMAGE, 20 * MIB);
  await first.close();
  const bytes = await readFile(slot);
  bytes[1000]! ^= 1;
  await writeFile(slot, bytes);
  const second = await open();
  await pour(second, IMAGE);
  expect(await second.seal()).not.toBe(hashOf(IMAGE));
  await second.empty();
  await pour(second, IMAGE);
  expect(await second.seal()).toBe(hashOf(IMAGE));
  await second.close();
});

test('begins anew with another artifact', async () => {
  const first = await open();
  await pour(first, IMAGE, 20 * MIB);
  await first.close();
  const other = randomBytes(1000);
  const second = await open(signed(other));
  expect(second.size()).toBe(0);
  await pour(second, other);
  expect(await second.seal()).toBe(hashOf(other));
  await second.close();
});

test('takes no byte more than was signed, and nothing that does not fit', async () => {
  const sink = await open(signed(Buffer.alloc(10)));
  await expect(sink.append(Buffer.alloc(11))).rejects.toMatchObject({ code: 'artifact-length' });
  await sink.close();
  const device = await openSlot(slot, join(folder, 'running'));
  const big = { path: 'x', sha256: hashOf(IMAGE), lengthBytes: SLOT_BYTES + 1 };
  await expect(openSlotSink({ path: slot, device, note: note() }, big)).rejects.toMatchObject({
    code: 'installer-failed',
  });
  await device.handle.close();
});
