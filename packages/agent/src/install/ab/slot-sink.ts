/**
 * A slot as the place where an artifact goes as it comes: what is on the disk is noted only after it was flushed, so that
 * a power cut costs what came since and no more. What an earlier run wrote is hashed again before it is added to.
 */
import { createHash, type Hash } from 'node:crypto';
import { Sha256 } from '@tidegate/protocol';
import type { Static } from 'typebox';
import * as Type from '@tidegate/protocol/type';
import { AgentError } from '../../agent-error.ts';
import type { StateFile } from '../../durable/state-file.ts';
import type { ArtifactSink, SignedArtifact } from '../../ports.ts';
import { type SlotDevice, writeAll } from './slot-device.ts';

const BUFFER_BYTES = 1024 * 1024;
/** A flush and a note come after so many bytes at least. */
const NOTED_EVERY_BYTES = 16 * 1024 * 1024;
/** And at most so often in one artifact. */
const NOTES_MAX = 64;

/** How much of which artifact is on the disk. */
export const Received = Type.Object({ sha256: Sha256, bytes: Type.Integer({ minimum: 0 }) });
export type Received = Static<typeof Received>;

export interface SlotSinkDeps {
  readonly path: string;
  readonly device: SlotDevice;
  readonly note: StateFile<Received>;
}

/** @throws AgentError installer-failed where the slot is too small */
export async function openSlotSink(
  { path, device: { handle, capacity }, note }: SlotSinkDeps,
  { sha256, lengthBytes }: SignedArtifact,
): Promise<ArtifactSink> {
  if (lengthBytes > capacity)
    throw new AgentError('installer-failed', `the image has more than the slot's ${capacity} bytes`);
  const noted = await receivedOf(note, sha256);
  const stepBytes = Math.max(NOTED_EVERY_BYTES, lengthBytes / NOTES_MAX);
  let written = Math.min(noted, lengthBytes);
  let flushed = noted;
  let hash: Hash | undefined;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;

  const hashed = async (): Promise<Hash> => {
    if (hash) return hash;
    const begun = createHash('sha256');
    const buffer = Buffer.alloc(BUFFER_BYTES);
    for (let at = 0; at < written; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(BUFFER_BYTES, written - at), at);
      if (bytesRead === 0) break;
      begun.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    hash = begun;
    return begun;
  };

  const write = async () => {
    const bytes = Buffer.concat(waiting, waitingBytes);
    waiting = [];
    waitingBytes = 0;
    await writeAll(handle, bytes, written);
    written += bytes.length;
  };

  const flush = async () => {
    await handle.sync();
    await note.save({ sha256, bytes: written });
    flushed = written;
  };

  return {
    path,
    size: () => written + waitingBytes,

    async empty() {
      written = 0;
      hash = createHash('sha256');
      waiting = [];
      waitingBytes = 0;
      await flush();
    },

    async append(chunk) {
      if (written + waitingBytes + chunk.length > lengthBytes)
        throw new AgentError('artifact-length', `more than the signed ${lengthBytes} bytes came`);
      (await hashed()).update(chunk);
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes >= BUFFER_BYTES) await write();
      if (written - flushed >= stepBytes) await flush();
    },

    async seal() {
      const whole = await hashed();
      await write();
      if (written !== flushed) await flush();
      return whole.copy().digest('hex');
    },

    async close() {
      try {
        await write();
        if (written !== flushed) await flush();
      } finally {
        await handle.close();
      }
    },
  };
}

/** Bytes of this artifact that are on the disk. */
export async function receivedOf(note: StateFile<Received>, sha256: string): Promise<number> {
  const noted = await note.load();
  return noted.kind === 'value' && noted.value.sha256 === sha256 ? noted.value.bytes : 0;
}
