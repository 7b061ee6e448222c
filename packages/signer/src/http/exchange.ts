/**
 * One HTTP request and its answer, bounded in time and size. Secrets travel over TLS only: plain http is for loopback.
 * On node:http(s), so that a body of gigabytes streams with its length and a stalled peer is noticed.
 */
import { type FileHandle, open } from 'node:fs/promises';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { SignerError } from '../signer-error.ts';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | FileBody | undefined;
  /** Silence on the line that ends the exchange. */
  readonly idleSeconds: number;
  /** Largest answer that is read. */
  readonly maxBytes: number;
}

/** A file as body: streamed, with its exact length. */
export interface FileBody {
  readonly path: string;
  readonly lengthBytes: number;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** @throws SignerError `insecure-url`, `usage` */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new SignerError('usage', `"${text}" is no http or https address.`);
  }
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    throw new SignerError(
      'insecure-url',
      `${url.origin} is not encrypted. Use https; plain http is for this machine only.`,
    );
  }
  return url;
}

/** @throws SignerError `network`, also where the answer is longer than allowed; `file-unreadable` */
export async function exchange(wanted: Exchange): Promise<Answer> {
  const { url, method, body } = wanted;
  // Opened first: what is wrong with the file must not look like a broken line.
  await using file = body instanceof Uint8Array || !body ? undefined : await openBody(body.path);
  const options: RequestOptions = {
    method,
    headers: { ...wanted.headers, ...(body ? { 'content-length': String(lengthOf(body)) } : {}) },
    timeout: wanted.idleSeconds * 1000,
  };
  const outgoing = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no word for ${wanted.idleSeconds} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  try {
    // A server that refuses early answers before the body is through: then its answer counts, not the broken pipe.
    const sent = send(outgoing, body, file).then(
      () => answered,
      (error: unknown) => Promise.race([answered, failLater(error)]),
    );
    const incoming = await Promise.race([answered, sent]);
    const { statusCode: status = 0, headers } = incoming;
    return { status, headers, body: await readAll(incoming, wanted.maxBytes) };
  } catch (cause) {
    if (cause instanceof SignerError) throw cause;
    throw new SignerError('network', `${method} ${url.origin}${url.pathname}: ${(cause as Error).message}`, { cause });
  } finally {
    outgoing.destroy();
  }
}

function lengthOf(body: Uint8Array | FileBody): number {
  return body instanceof Uint8Array ? body.length : body.lengthBytes;
}

async function openBody(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    throw new SignerError('file-unreadable', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

async function send(outgoing: ClientRequest, body: Exchange['body'], file: FileHandle | undefined): Promise<void> {
  if (body instanceof Uint8Array || !body || !file) {
    outgoing.end(body);
    return;
  }
  let done = 0;
  await pipeline(
    file.createReadStream({ end: body.lengthBytes - 1, highWaterMark: 1024 ** 2, autoClose: false }),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        yield piece;
        done += piece.length;
        body.onProgress?.(done, body.lengthBytes);
      }
    },
    outgoing,
  );
}

/** Gives an answer that is on its way the time to arrive. */
function failLater(error: unknown): Promise<never> {
  return new Promise((_resolve, reject) => setTimeout(() => reject(error as Error), 500));
}

async function readAll(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) {
      incoming.destroy();
      throw new SignerError('network', `The answer is longer than ${maxBytes} bytes; it was not read further.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
