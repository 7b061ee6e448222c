/**
 * Artifacts by the hash of their bytes, in a folder. An artifact appears whole or not at all: written beside its final
 * place, hashed on the way, on the disk before it has its name. Names are hashes, so nothing from outside becomes a path.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SHA256_PATTERN } from '@tidegate/protocol';
import { syncFolder } from '../durable-file.ts';
import { ServerError } from '../server-error.ts';
import { PipedFile } from './piped-file.ts';

const BUFFER_BYTES = 1024 * 1024;
/** Longer than a connection that stands still is kept. */
const LEFT_OVER_AFTER_MS = 3_600_000;
const pattern = new RegExp(SHA256_PATTERN);

export interface ArtifactStore {
  /** Returns its length. Throws ServerError: hash-mismatch, length-mismatch, body-too-large; then nothing is left of it. */
  put(sha256: string, bytes: Readable, limits: { maxBytes: number; exactBytes: number | undefined }): Promise<number>;
  /** @param range first and last byte, both included */
  read(sha256: string, range?: { start: number; end: number }): Readable;
  /** The same for a response, at half the CPU: it can be piped, and read in no other way. */
  send(sha256: string, range: { start: number; end: number }): Readable;
}

/** Where an artifact lies below the store's folder. nginx and mirrors read it there. @throws ServerError: not-found */
export function artifactPath(sha256: string): string {
  if (!pattern.test(sha256)) throw new ServerError('not-found', 'that is not a SHA-256');
  return `${sha256.slice(0, 2)}/${sha256}`;
}

/**
 * Makes the folder where it is missing, and removes what a killed run left half written: what nobody has written to for
 * an hour, since other processes on the same folder may be receiving right now.
 */
export async function openArtifactStore(folder: string): Promise<ArtifactStore> {
  const incoming = join(folder, 'incoming');
  await mkdir(incoming, { recursive: true });
  for (const name of await readdir(incoming)) await removeLeftOver(join(incoming, name));
  const placeOf = (sha256: string) => join(folder, artifactPath(sha256));

  async function put(sha256: string, bytes: Readable, limits: Parameters<ArtifactStore['put']>[2]): Promise<number> {
    const place = placeOf(sha256);
    const shelf = dirname(place);
    const temporary = join(incoming, randomBytes(16).toString('hex'));
    try {
      const received = await write(temporary, bytes, limits.maxBytes);
      mustBe(received, sha256, limits.exactBytes);
      await mkdir(shelf, { recursive: true });
      await syncFolder(folder);
      await rename(temporary, place);
      await syncFolder(shelf);
      return received.length;
    } finally {
      await rm(temporary, { force: true });
    }
  }
  return {
    put,
    read: (sha256, range) => createReadStream(placeOf(sha256), { ...range, highWaterMark: BUFFER_BYTES }),
    send: (sha256, { start, end }) => new PipedFile({ path: placeOf(sha256), start, end }),
  };
}

async function removeLeftOver(path: string): Promise<void> {
  const left = await stat(path).catch(() => undefined); // its process may have finished with it meanwhile
  if (left && Date.now() - left.mtimeMs > LEFT_OVER_AFTER_MS) await rm(path, { force: true });
}

interface Received {
  readonly length: number;
  readonly sha256: string;
}

async function write(path: string, bytes: Readable, maxBytes: number): Promise<Received> {
  const hasher = createHash('sha256');
  let length = 0;
  // Opened before the first byte is asked for: a stream that opens by itself may do so after its failure was cleaned up.
  const file = await open(path, 'wx', 0o644);
  try {
    await pipeline(bytes, async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) {
        length += chunk.length;
        if (length > maxBytes) throw new ServerError('body-too-large', `an artifact has at most ${maxBytes} bytes`);
        hasher.update(chunk);
        await file.writeFile(chunk); // goes on where the last one ended
      }
    });
    await file.sync();
  } finally {
    await file.close();
  }
  return { length, sha256: hasher.digest('hex') };
}

function mustBe(received: Received, sha256: string, exactBytes: number | undefined): void {
  if (exactBytes !== undefined && received.length !== exactBytes) {
    throw new ServerError('length-mismatch', `${received.length} bytes came where ${exactBytes} were announced`);
  }
  if (received.sha256 !== sha256) throw new ServerError('hash-mismatch', `the bytes have the hash ${received.sha256}`);
}
