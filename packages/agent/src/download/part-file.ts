/**
 * The growing file of one download: hashed as it grows, never longer than the signed length, written in large pieces.
 * What a power cut leaves is read and hashed again before it is added to.
 */
import { createHash, type Hash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.ts';
import type { ArtifactSink } from '../ports.ts';

const BUFFER_BYTES = 1024 * 1024;

export async function openPartFile(path: string, lengthBytes: number): Promise<ArtifactSink> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'a+', 0o600);
  let hash: Hash = createHash('sha256');
  let written = 0;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  const empty = async () => {
    await handle.truncate(0);
    hash = createHash('sha256');
    written = 0;
    waiting = [];
    waitingBytes = 0;
  };

  const flush = async () => {
    const [only] = waiting;
    const bytes = only && waiting.length === 1 ? only : Buffer.concat(waiting, waitingBytes);
    waiting = [];
    waitingBytes = 0;
    await handle.appendFile(bytes);
    written += bytes.length;
  };

  const readAgain = async () => {
    const buffer = Buffer.alloc(BUFFER_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, BUFFER_BYTES, written);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      written += bytesRead;
      if (written > lengthBytes) return empty();
    }
  };

  try {
    await readAgain();
  } catch (error) {
    await handle.close();
    throw error;
  }

  return {
    path,
    size: () => written + waitingBytes,
    empty,

    async append(chunk) {
      if (written + waitingBytes + chunk.length > lengthBytes)
        throw new AgentError('artifact-length', `more than the signed ${lengthBytes} bytes came`);
      hash.update(chunk);
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes >= BUFFER_BYTES) await flush();
    },

    async seal() {
      await flush();
      await handle.sync();
      return hash.copy().digest('hex');
    },

    async close() {
      try {
        if (waitingBytes > 0) await flush();
      } finally {
        await handle.close();
      }
    },
  };
}
