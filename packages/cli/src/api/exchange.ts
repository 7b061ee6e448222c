/**
 * One HTTP request and its answer, bounded in time and size. On node:http(s): a redirect is never followed, so the token
 * goes to nobody else, and beyond a bound the connection is cut, never drained.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CliError } from '../cli-error.ts';

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
  readonly interrupted: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly mediaType: string;
  readonly body: Buffer;
}

/** Silence on the line that ends an exchange. */
const IDLE_MS = 30_000;
/** From the first byte sent to the last one received. */
const DEADLINE_MS = 120_000;
/** A page of 1,000 devices with all their attributes is below 10 MB. */
const MAX_BYTES = 16 * 1024 * 1024;

/** @throws CliError `unreachable`, `answer-invalid`, `interrupted` */
export async function exchange({ method, url, headers, body, interrupted }: Exchange): Promise<Answer> {
  const deadline = AbortSignal.timeout(DEADLINE_MS);
  const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method,
    agent: false,
    headers: { ...headers, ...(body ? { 'content-length': String(body.length) } : {}) },
    timeout: IDLE_MS,
    minVersion: 'TLSv1.2',
    signal: AbortSignal.any([deadline, interrupted]),
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no word for ${IDLE_MS / 1000} s`)));
  try {
    const incoming = await answerTo(outgoing, body);
    const mediaType = (incoming.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    return { status: incoming.statusCode ?? 0, mediaType, body: await readAll(incoming, url) };
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    if (interrupted.aborted) throw new CliError('interrupted', 'Interrupted.', { cause });
    const why = deadline.aborted ? `no whole answer within ${DEADLINE_MS / 1000} s.` : reason(cause);
    throw new CliError('unreachable', `${url.origin} cannot be reached: ${why}`, { cause });
  } finally {
    outgoing.destroy();
  }
}

function answerTo(outgoing: ReturnType<typeof httpRequest>, body: Uint8Array | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // Stays on: an error after the answer began is seen by whoever reads the body.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function readAll(incoming: IncomingMessage, url: URL): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > MAX_BYTES) {
      throw new CliError(
        'answer-invalid',
        `The answer of ${url.origin} is longer than ${MAX_BYTES} bytes; it was not read further.`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there. Does the server run, and is this its admin address?',
  ENOTFOUND: 'the name is not known.',
  EAI_AGAIN: 'the name cannot be looked up now.',
  ECONNRESET: 'the connection broke off.',
  EPROTO: 'it does not speak TLS there.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there.',
};

function reason(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (Object.hasOwn(WORDS, code)) return WORDS[code] ?? message;
  return /CERT|SIGNATURE|ISSUER/.test(code)
    ? `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS=FILE adds your own CA.`
    : `${message}.`;
}
