/** Where a tuf-js client reads from: a repository folder, or a server. Both bounded, neither touches the disk. */
import { readBounded } from '../store/durable-file.ts';
import { join } from 'node:path';
import { METADATA_FILE_PATTERN } from '@tidegate/protocol';
import type { Fetcher } from 'tuf-js';
import { DownloadHTTPError, DownloadLengthMismatchError } from 'tuf-js/dist/error.js';
import { exchange } from '../http/exchange.ts';

const metadataFile = new RegExp(METADATA_FILE_PATTERN);

/** Reads `<base>/<file>` from the folder's files; 404 where there is none, as the walk over the roots expects. */
export function folderFetcher(metadataDir: string): Fetcher {
  return fetcher(async (url, maxBytes) => {
    const file = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
    const bytes = metadataFile.test(file) ? await readBounded(join(metadataDir, file), maxBytes) : undefined;
    if (!bytes) throw new DownloadHTTPError(`there is no ${file}`, 404);
    return bytes;
  });
}

export function httpFetcher(): Fetcher {
  return fetcher(async (url, maxBytes) => {
    const { status, body } = await exchange({ method: 'GET', url: new URL(url), idleSeconds: 30, maxBytes });
    if (status !== 200) throw new DownloadHTTPError(`${url} answered ${status}`, status);
    return body;
  });
}

/** tuf-js asks for artifacts by `downloadFile`; they are read elsewhere, so only metadata goes through here. */
function fetcher(read: (url: string, maxBytes: number) => Promise<Buffer>): Fetcher {
  return {
    async downloadBytes(url, maxLength) {
      const bytes = await read(url, maxLength);
      if (bytes.length > maxLength) throw new DownloadLengthMismatchError(`${url} is longer than ${maxLength} bytes`);
      return bytes;
    },
    async downloadFile(url) {
      throw new DownloadHTTPError(`${url} is not metadata`, 404);
    },
  };
}
