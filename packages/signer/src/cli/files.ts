/** Files that people name on the command line. */
import { SignerError } from '../signer-error.ts';
import { readBounded } from '../store/durable-file.ts';

/** @throws SignerError `file-unreadable` where it is missing or too long */
export async function neededFile(path: string, maxBytes: number): Promise<Buffer> {
  const bytes = await readBounded(path, maxBytes);
  if (bytes) return bytes;
  throw new SignerError('file-unreadable', `There is no file ${path}.`);
}
