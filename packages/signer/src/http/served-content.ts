/** What a server or mirror has at an address: its length by HEAD, or its hash by reading all of it. Nothing is kept. */
import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SignerError } from '../signer-error.ts';

const IDLE_SECONDS = 60;

export interface ServedContent {
  readonly lengthBytes: number;
  /** Where all of it was read. */
  readonly sha256?: string;
}

export interface ContentWanted {
  readonly url: URL;
  /** Read and hash all of it. */
  readonly whole: boolean;
  /** No more is read: what is longer has this length and one byte. */
  readonly maxBytes: number;
}

/** @returns undefined where nothing is there. @throws SignerError `network` */
export async function servedContent({ url, whole, maxBytes }: ContentWanted): Promise<ServedContent | undefined> {
  const method = whole ? 'GET' : 'HEAD';
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = send(url, { method, timeout: IDLE_SECONDS * 1000 });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no word for ${IDLE_SECONDS} s`)));
  try {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject).end();
    });
    if (incoming.statusCode === 404 || incoming.statusCode === 403) {
      incoming.resume();
      return undefined;
    }
    if (incoming.statusCode !== 200) throw new Error(`status ${incoming.statusCode}`);
    return whole ? await hashed(incoming, maxBytes) : told(incoming);
  } catch (cause) {
    outgoing.destroy();
    throw new SignerError('network', `${method} ${url.origin}${url.pathname}: ${(cause as Error).message}`, { cause });
  }
}

function told(incoming: IncomingMessage): ServedContent {
  incoming.resume();
  const length = incoming.headers['content-length'];
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw new Error('the answer tells no length');
  return { lengthBytes: Number(length) };
}

async function hashed(incoming: IncomingMessage, maxBytes: number): Promise<ServedContent> {
  const digest = createHash('sha256');
  let lengthBytes = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    lengthBytes += piece.length;
    if (lengthBytes > maxBytes) {
      incoming.destroy();
      return { lengthBytes: maxBytes + 1 };
    }
    digest.update(piece);
  }
  return { lengthBytes, sha256: digest.digest('hex') };
}
