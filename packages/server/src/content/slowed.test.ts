import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { slowed } from './slowed.ts';

const bytes = Buffer.alloc(50_000, 'the same again, ');

it('sends all bytes, unchanged, no faster than it may', async () => {
  const began = performance.now();
  expect((await buffer(slowed(Readable.from([bytes, bytes]), 400_000))).equals(Buffer.concat([bytes, bytes]))).toBe(
    true,
  );
  // The second half was due after an eighth of a second; timers round to milliseconds.
  expect(performance.now() - began).toBeGreaterThan(120);
});

it('lets go of its source where the reader has gone', async () => {
  const source = Readable.from([bytes, bytes]);
  const slow = slowed(source, 20_000);
  for await (const piece of slow) {
    expect((piece as Buffer).length).toBe(5000);
    break;
  }
  if (!source.closed) await new Promise<void>(resolve => source.on('close', resolve));
});
