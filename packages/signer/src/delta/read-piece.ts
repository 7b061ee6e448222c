/** A piece of a file that has it: what ends before is a file that changed. */
import type { FileHandle } from 'node:fs/promises';
import { SignerError } from '../signer-error.ts';

/** @throws SignerError `file-changed` */
export async function readPiece(file: FileHandle, offset: number, lengthBytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(lengthBytes);
  for (let filled = 0; filled < lengthBytes; ) {
    const { bytesRead } = await file.read(piece, filled, lengthBytes - filled, offset + filled);
    if (bytesRead === 0) throw new SignerError('file-changed', 'An image became shorter while it was read.');
    filled += bytesRead;
  }
  return piece;
}
