/** Bytes at a bounded speed: what goes out is never ahead of the clock. A reader that is slower is not pushed. */
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

export function slowed(bytes: Readable, bytesPerSecond: number): Readable {
  return Readable.from(inTime(bytes, bytesPerSecond), { objectMode: false });
}

/** In pieces of a quarter of a second: whoever waits for the next must not take it for silence. */
async function* inTime(bytes: Readable, bytesPerSecond: number): AsyncGenerator<Buffer> {
  const pieceBytes = Math.ceil(bytesPerSecond / 4);
  const began = performance.now();
  let sent = 0;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      const early = (sent / bytesPerSecond) * 1000 - (performance.now() - began);
      if (early > 0) await setTimeout(early);
      const piece = chunk.subarray(from, from + pieceBytes);
      sent += piece.length;
      yield piece;
    }
  }
}
