/**
 * An artifact as the installer uses it: one open descriptor, hashed before the first byte is interpreted and hashed
 * again while it is used, so that a file exchanged under its name or its bytes in between installs nothing.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
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
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size !== target.lengthBytes)
      throw new AgentError('artifact-length', `has ${size} bytes, ${target.lengthBytes} are signed`);
    await hashed(handle, target.sha256, async bytes => {
      for await (const chunk of bytes) void chunk;
    });
    return await hashed(handle, target.sha256, use);
  } finally {
    await handle.close();
  }
}

async function hashed<T>(handle: FileHandle, sha256: string, use: (bytes: Readable) => Promise<T>): Promise<T> {
  const hash = createHash('sha256');
  const source = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: CHUNK_BYTES });
  const through = new PassThrough({
    highWaterMark: CHUNK_BYTES,
    transform(chunk: Buffer, _encoding, give) {
      hash.update(chunk);
      give(null, chunk);
    },
  });
  source.on('error', error => through.destroy(error));
  source.pipe(through);
  try {
    const result = await use(through);
    // Whatever the user left unread counts too.
    through.resume();
    if (!through.readableEnded) await new Promise((resolve, reject) => through.on('end', resolve).on('error', reject));
    if (hash.digest('hex') !== sha256) throw new AgentError('artifact-hash', 'the bytes changed while they were used');
    return result;
  } finally {
    source.destroy();
    through.destroy();
  }
}
