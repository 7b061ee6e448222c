/** SHA-256 of a file, read in pieces. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { asAgentError } from '../agent-error.ts';

const PIECE_BYTES = 1024 * 1024;

/** @returns hex, or undefined where there is no such file @throws AgentError where the disk does not let it be read */
export async function fileHash(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: PIECE_BYTES })) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw asAgentError(error);
  }
  return hash.digest('hex');
}
