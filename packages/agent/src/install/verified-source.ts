/**
 * An artifact as the installer uses it: one open descriptor, hashed before the first byte is interpreted and hashed
 * again while it is used, so that a file exchanged under its name or its bytes in between installs nothing.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AgentError } from '../agent-error.ts';
import type { AcceptedTarget } from '../ports.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Runs `use` with the bytes of the artifact.
 * @throws AgentError artifact-length, artifact-hash, also where they turn out wrong only after `use`
 */
export async function withVerifiedSource<T>(
  path: string,
  target: Pick<AcceptedTarget, 'sha256' | 'lengthBytes'>,
  use: (bytes: Readable) => Promise<T>,
): Promise<T> {
  return withVerified(path, target, handle => hashed(handle, target.sha256, use));
}

/**
 * The same for programs that open a file by themselves: they are given a path to the open descriptor, which stays that
 * file whatever comes to lie under its name. It is hashed again when they are done.
 */
export function withVerifiedFile<T>(
  path: string,
  target: Pick<AcceptedTarget, 'sha256' | 'lengthBytes'>,
  use: (descriptorPath: string) => Promise<T>,
): Promise<T> {
  return withVerified(path, target, async handle => {
    const result = await use(`/proc/${process.pid}/fd/${handle.fd}`);
    await hashed(handle, target.sha256, readAll);
    return result;
  });
}

async function withVerified<T>(
  path: string,
  target: Pick<AcceptedTarget, 'sha256' | 'lengthBytes'>,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size !== target.lengthBytes)
      throw new AgentError('artifact-length', `has ${size} bytes, ${target.lengthBytes} are signed`);
    await hashed(handle, target.sha256, readAll);
    return await use(handle);
  } finally {
    await handle.close();
  }
}

async function readAll(bytes: Readable): Promise<void> {
  for await (const chunk of bytes) void chunk;
}

async function hashed<T>(handle: FileHandle, sha256: string, use: (bytes: Readable) => Promise<T>): Promise<T> {
  const hash = createHash('sha256');
  const source = async function* () {
    for await (const chunk of chunksOf(handle)) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const bytes = Readable.from(source(), { objectMode: false });
  try {
    const result = await use(bytes);
    if (!bytes.readableEnded) throw new AgentError('installer-failed', 'the artifact was not read to its end');
    if (hash.digest('hex') !== sha256)
      throw new AgentError('artifact-hash', 'the bytes are not those that were signed');
    return result;
  } finally {
    bytes.destroy();
  }
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
