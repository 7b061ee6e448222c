/**
 * A bounded load of downloads, each over a connection of its own. Reads into one buffer and keeps nothing, so that it takes
 * little from what it measures. An answer of another status or length than was asked for fails it.
 */
import { connect } from 'node:net';

export interface DownloadLoad {
  readonly url: string;
  /** Of the whole. */
  readonly lengthBytes: number;
  /** First and last byte; the whole where absent. */
  readonly range?: { readonly first: number; readonly last: number };
  /** At one time. */
  readonly connections: number;
  /** In all. */
  readonly count: number;
}

const BUFFER_BYTES = 1024 * 1024;

/** @returns bytes of bodies that came */
export async function runDownloads(load: DownloadLoad): Promise<number> {
  let next = 0;
  let bytes = 0;
  const place = async () => {
    const buffer = Buffer.alloc(BUFFER_BYTES);
    while (next++ < load.count) bytes += await download(load, buffer);
  };
  await Promise.all(Array.from({ length: load.connections }, place));
  return bytes;
}

function download({ url, range, lengthBytes }: DownloadLoad, buffer: Buffer): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  const wanted = range ? range.last - range.first + 1 : lengthBytes;
  const status = range ? '206' : '200';
  return new Promise((resolve, reject) => {
    let head: string | undefined;
    let received = 0;
    const callback = (length: number) => {
      received += length;
      if (head === undefined) {
        const end = buffer.indexOf('\r\n\r\n');
        head = buffer.toString('latin1', 0, end);
        received -= end + 4;
        if (end < 0 || end > length || head.slice(9, 12) !== status) reject(new Error(`${url} answered ${head}`));
      }
      return true;
    };
    const socket = connect({ host: hostname, port: Number(port), onread: { buffer, callback } });
    socket.once('error', reject);
    socket.once('close', () => {
      if (received === wanted) resolve(received);
      else reject(new Error(`${url}: ${received} bytes came where ${wanted} were asked for`));
    });
    const asked = range ? `Range: bytes=${range.first}-${range.last}\r\n` : '';
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n${asked}\r\n`);
  });
}
