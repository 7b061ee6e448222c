/**
 * A part of a file on its way into a response, through one buffer that is filled anew only once the writer has let go of
 * it: half the CPU of a stream that takes new memory for each piece. It can be piped, once, and read in no other way.
 */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** Fits the caches near the core, so that what was read is still there when it is written. */
const BUFFER_BYTES = 256 * 1024;

export interface FilePart {
  readonly path: string;
  /** First and last byte, both included; an empty file has a last one of -1. */
  readonly start: number;
  readonly end: number;
}

export class PipedFile extends Readable {
  readonly #part: FilePart;

  constructor(part: FilePart) {
    super();
    this.#part = part;
  }

  override pipe<T extends NodeJS.WritableStream>(out: T, { end = true }: { end?: boolean } = {}): T {
    void this.#send(out, end);
    return out;
  }

  /** Asked for at the end of a pipe, where nothing is left to give. */
  override _read(): void {}

  async #send(out: NodeJS.WritableStream, end: boolean): Promise<void> {
    try {
      await this.#copyTo(out);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (end) out.end();
    this.push(null);
    this.resume(); // so that it ends, as whoever waits for that expects
  }

  async #copyTo(out: NodeJS.WritableStream): Promise<void> {
    const { path, start, end } = this.#part;
    await using file = await open(path);
    const buffer = Buffer.allocUnsafeSlow(Math.min(BUFFER_BYTES, end - start + 1));
    for (let at = start; at <= end; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at + 1), at);
      if (bytesRead === 0) throw new Error(`${path} ends at ${at}, before ${end}`);
      await this.#written(out, buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }

  /** Also where the writer goes away and never says so: whoever pipes this ends it then. */
  #written(out: NodeJS.WritableStream, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the reader has gone'));
      if (this.destroyed) return gone();
      this.once('close', gone);
      out.write(bytes, error => {
        this.off('close', gone);
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
