/** The old image, open for reading: of what it holds nothing is believed, since whoever asks hashes what comes of it. */
import { type FileHandle, open } from 'node:fs/promises';
import type { OldImage } from '../../ports.ts';

const PIECE_BYTES = 1024 * 1024;

export interface OldFile extends AsyncDisposable {
  /** Fills `into` from `offset` on. @returns false where the image ends before */
  fill(into: Buffer, offset: number): Promise<boolean>;
  /** All of it in its order. The pieces share one buffer: each is gone with the next. */
  pieces(): AsyncGenerator<Buffer>;
}

export async function openOldFile({ path, lengthBytes }: OldImage): Promise<OldFile> {
  const handle: FileHandle = await open(path, 'r');
  const fill = async (into: Buffer, offset: number): Promise<boolean> => {
    if (offset + into.length > lengthBytes) return false;
    for (let filled = 0; filled < into.length; ) {
      const { bytesRead } = await handle.read(into, filled, into.length - filled, offset + filled);
      if (bytesRead === 0) return false;
      filled += bytesRead;
    }
    return true;
  };
  return {
    fill,
    async *pieces() {
      const buffer = Buffer.alloc(PIECE_BYTES);
      for (let at = 0; at < lengthBytes; at += PIECE_BYTES) {
        const piece = buffer.subarray(0, Math.min(PIECE_BYTES, lengthBytes - at));
        if (!(await fill(piece, at))) return;
        yield piece;
      }
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
