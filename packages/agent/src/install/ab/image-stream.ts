/** The image of an artifact, uncompressed on the way: `image` as it is, `image-gzip`, `image-zstd`. */
import { pipeline } from 'node:stream/promises';
import type { Readable, Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { AgentError } from '../../agent-error.ts';

const CHUNK_BYTES = 256 * 1024;
/** 8 MiB: what `zstd -19` needs; more would let a small artifact take the memory of a small device. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** @throws AgentError installer-failed where the format is unknown or the bytes are not of it */
export async function withImage<T>(
  bytes: Readable,
  format: string,
  use: (image: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  if (format === 'image') return use(bytes);
  const decompress = decompressor(format);
  let fault: Error | undefined;
  decompress.once('error', error => {
    fault = error;
  });
  try {
    return await pipeline(bytes, decompress, use);
  } catch (error) {
    if (fault === undefined || error !== fault || !isDataFault(fault)) throw error;
    throw new AgentError('installer-failed', `the image cannot be unpacked: ${fault.message}`, { cause: error });
  }
}

function decompressor(format: string): Transform {
  if (format === 'image-gzip') return createGunzip({ chunkSize: CHUNK_BYTES });
  if (format === 'image-zstd')
    return createZstdDecompress({
      chunkSize: CHUNK_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
    });
  throw new AgentError('installer-failed', `format ${format} is not known to this installer`);
}

/** Said by the decompressor about the bytes, and not by whoever else broke the stream. */
function isDataFault(error: Error): boolean {
  return 'errno' in error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}
